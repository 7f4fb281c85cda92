internal import CFFmpeg
import NIOCore
import SluiceTypes

/// Writes one rendition, complete in itself, into memory: MPEG-TS with absolute times, or fragmented MP4 with the same. With someone
/// who takes pieces it gives its bytes out with each picture instead.
final class RenditionMuxer {
    private let memory: OutputMemory
    private let onPiece: ((ByteBuffer) -> Void)?
    private var context: UnsafeMutablePointer<AVFormatContext>?
    private let audioIndex: Int32?
    private let audioUnit: AVRational
    /// Takes the ADTS headers off for MP4; the muxer does not do it by itself in fragmented files.
    private var headerFilter: UnsafeMutablePointer<AVBSFContext>?

    init(
        container: SegmentContainer, video: UnsafeMutablePointer<AVCodecContext>,
        audio: UnsafeMutablePointer<AVStream>?, capacity: Int, onPiece: ((ByteBuffer) -> Void)?
    ) throws(SegmentFailure) {
        self.onPiece = onPiece
        do throws(MediaError) {
            memory = try OutputMemory(capacity: capacity, hashing: false)
        } catch {
            throw SegmentFailure(.transcodeFailed, error.description)
        }
        avformat_alloc_output_context2(&context, nil, container == .mpegTS ? "mpegts" : "mp4", nil)
        guard let context, let stream = avformat_new_stream(context, nil) else {
            throw SegmentFailure(.mediaUnusable, "Muxer not found")
        }
        context.pointee.pb = memory.context
        context.pointee.flags = (context.pointee.flags | AVFMT_FLAG_CUSTOM_IO) & ~AVFMT_FLAG_FLUSH_PACKETS
        context.pointee.max_delay = 0
        context.pointee.avoid_negative_ts = 0
        context.pointee.max_interleave_delta = 0
        avcodec_parameters_from_context(stream.pointee.codecpar, video)
        stream.pointee.time_base = FFmpeg.ticks
        if let audio, Self.carries(audio.pointee.codecpar.pointee.codec_id, in: container),
            let copy = avformat_new_stream(context, nil)
        {
            avcodec_parameters_copy(copy.pointee.codecpar, audio.pointee.codecpar)
            copy.pointee.codecpar.pointee.codec_tag = 0
            // Not known when nothing was parsed; FFmpeg asks for one, and MPEG-TS has no place for it.
            if copy.pointee.codecpar.pointee.sample_rate <= 0 { copy.pointee.codecpar.pointee.sample_rate = 48_000 }
            copy.pointee.time_base = FFmpeg.ticks
            audioIndex = copy.pointee.index
            audioUnit = audio.pointee.time_base
            if container == .mp4, audio.pointee.codecpar.pointee.codec_id == AV_CODEC_ID_AAC,
                audio.pointee.codecpar.pointee.extradata_size == 0,
                av_bsf_alloc(av_bsf_get_by_name("aac_adtstoasc"), &headerFilter) >= 0, let filter = headerFilter
            {
                avcodec_parameters_copy(filter.pointee.par_in, audio.pointee.codecpar)
                filter.pointee.time_base_in = audioUnit
                if av_bsf_init(filter) < 0 { av_bsf_free(&headerFilter) }
            }
        } else {
            audioIndex = nil
            audioUnit = FFmpeg.ticks
        }
        switch container {
        case .mpegTS:
            av_opt_set(context.pointee.priv_data, "mpegts_copyts", "1", 0)
            // With its length a picture is whole for who reads it before the next one begins.
            av_opt_set(context.pointee.priv_data, "omit_video_pes_length", "0", 0)
        case .mp4:
            // With delay_moov the header can hold what only the first packets tell; frag_discont keeps the absolute times.
            av_opt_set(
                context.pointee.priv_data, "movflags", "+frag_keyframe+empty_moov+delay_moov+default_base_moof+frag_discont", 0)
            av_opt_set(context.pointee.priv_data, "use_editlist", "0", 0)
            av_opt_set(context.pointee.priv_data, "video_track_timescale", "90000", 0)
        }
        let header = avformat_write_header(context, nil)
        guard header >= 0 else { throw SegmentFailure(.transcodeFailed, "opening a rendition: \(FFmpeg.text(of: header))") }
    }

    deinit {
        av_bsf_free(&headerFilter)
        avformat_free_context(context)
    }

    func appendVideo(_ packet: UnsafeMutablePointer<AVPacket>) throws(SegmentFailure) {
        try append(packet, to: 0, from: FFmpeg.ticks)
        givePiece()
    }

    /// Audio that the container cannot carry is left out.
    func appendAudio(_ packet: UnsafeMutablePointer<AVPacket>) throws(SegmentFailure) {
        guard let audioIndex, packet.pointee.pts != sluice_no_pts else { return }
        if let headerFilter {
            // A packet that is no AAC frame after all is left out.
            guard av_bsf_send_packet(headerFilter, packet) >= 0, av_bsf_receive_packet(headerFilter, packet) >= 0 else { return }
        }
        try append(packet, to: audioIndex, from: audioUnit)
    }

    /// - Returns: what has not been given out in pieces.
    func finish() throws(SegmentFailure) -> ByteBuffer {
        let result = av_write_trailer(context)
        avio_flush(memory.context)
        guard result >= 0 else { throw SegmentFailure(.transcodeFailed, "closing a rendition: \(FFmpeg.text(of: result))") }
        givePiece()
        return memory.bytes
    }

    private func givePiece() {
        guard let onPiece else { return }
        avio_flush(memory.context)
        let piece = memory.take()
        if piece.readableBytes > 0 { onPiece(piece) }
    }

    private func append(_ packet: UnsafeMutablePointer<AVPacket>, to index: Int32, from unit: AVRational) throws(SegmentFailure) {
        guard let stream = context?.pointee.streams[Int(index)] else { return }
        av_packet_rescale_ts(packet, unit, stream.pointee.time_base)
        packet.pointee.stream_index = index
        packet.pointee.pos = -1
        // Interleaving would hold a picture until the sound behind it has come; in pieces the order of arrival stays.
        let result = onPiece == nil ? av_interleaved_write_frame(context, packet) : av_write_frame(context, packet)
        guard result >= 0 else { throw SegmentFailure(.transcodeFailed, "writing a rendition: \(FFmpeg.text(of: result))") }
    }

    private static func carries(_ codec: AVCodecID, in container: SegmentContainer) -> Bool {
        let common = [AV_CODEC_ID_AAC, AV_CODEC_ID_MP3, AV_CODEC_ID_MP2, AV_CODEC_ID_AC3, AV_CODEC_ID_EAC3, AV_CODEC_ID_OPUS]
        return common.contains(codec)
    }
}
