internal import CFFmpeg
package import NIOCore
package import SluiceTypes

/// Writes one segment into memory: as MPEG-TS, or as fragmented MP4 with its own description for pictures that MPEG-TS has no place for
/// (AV1). Times come out as they went in (in MPEG-TS modulo 2³³ ticks). Confined to one thread at a time.
package final class SegmentWriter {
    package struct Output: Sendable {
        package var bytes: ByteBuffer
        /// The end of them, that `takeFresh` has not given out.
        package var rest: ByteBuffer
        /// Keccak-256, when asked for.
        package var hash: [UInt8]?
        /// For the writer of the next segment.
        package var counters: ContinuityCounters
    }

    private struct Lane {
        var index: Int32
        var lastDTS = Int64.min
    }

    package let container: SegmentContainer
    private let memory: OutputMemory
    private let counters: ContinuityCounters
    /// Bytes of payload; in MP4 the muxer holds them all until the end.
    private var payload = 0
    /// Bytes that `takeFresh` gave out.
    private var taken = 0
    private var context: UnsafeMutablePointer<AVFormatContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var video: Lane?
    private var audio: Lane?

    /// The same in every segment, whichever tracks it has.
    private static let videoPacketID: Int32 = 0x100
    private static let audioPacketID: Int32 = 0x101

    /// - Parameters:
    ///   - capacity: a guess of the size to come, best that of the segment before.
    ///   - counters: where the segment before left off.
    package init(
        video: VideoParameters?, audio: AudioParameters?, capacity: Int = 1 << 16, hashing: Bool, counters: ContinuityCounters = .init()
    ) throws(MediaError) {
        _ = FFmpeg.isSilenced
        container = video?.codec == .av1 ? .mp4 : .mpegTS
        self.counters = counters
        memory = try OutputMemory(capacity: capacity, hashing: hashing, counters: container == .mpegTS ? counters : nil)
        packet = av_packet_alloc()
        let result = avformat_alloc_output_context2(&context, nil, container == .mpegTS ? "mpegts" : "mp4", nil)
        guard let context, packet != nil else { throw MediaError("making a segment writer", code: result) }
        context.pointee.pb = memory.context
        context.pointee.flags = (context.pointee.flags | AVFMT_FLAG_CUSTOM_IO) & ~AVFMT_FLAG_FLUSH_PACKETS
        context.pointee.flush_packets = 0
        context.pointee.max_delay = 0
        context.pointee.avoid_negative_ts = 0
        switch container {
        case .mpegTS:
            av_opt_set(context.pointee.priv_data, "mpegts_copyts", "1", 0)
            // With its length a picture is whole for who reads it before the next one begins.
            av_opt_set(context.pointee.priv_data, "omit_video_pes_length", "0", 0)
        case .mp4:
            // One fragment, which says its own time.
            av_opt_set(context.pointee.priv_data, "movflags", "+frag_custom+empty_moov+default_base_moof+frag_discont", 0)
        }
        if let video { self.video = Lane(index: try Self.add(video, to: context)) }
        if let audio { self.audio = Lane(index: try Self.add(audio, to: context)) }
        let header = avformat_write_header(context, nil)
        guard header >= 0 else { throw MediaError("opening a segment as \(container.rawValue)", code: header) }
    }

    deinit {
        av_packet_free(&packet)
        avformat_free_context(context)
    }

    /// A copy of what was written since the last call. The muxer still holds back sound that does not fill a packet.
    package func takeFresh() -> ByteBuffer {
        avio_flush(memory.context)
        defer { taken = memory.bytes.readableBytes }
        return memory.copy(from: taken)
    }

    /// Bytes so far; in MPEG-TS save what FFmpeg still holds back.
    package var size: Int { container == .mpegTS ? memory.bytes.readableBytes : payload }

    /// Takes one packet in; its payload is copied. A dts that does not grow is raised by as little as the container needs.
    package func append(_ input: EncodedPacket) throws(MediaError) {
        guard var lane = input.track == .video ? video : audio, let packet, let context else {
            throw MediaError("a packet of a track that the segment does not have")
        }
        let dts = max(input.dts.ticks, lane.lastDTS == .min ? .min : lane.lastDTS &+ 1)
        lane.lastDTS = dts
        if input.track == .video { video = lane } else { audio = lane }
        packet.pointee.stream_index = lane.index
        packet.pointee.dts = dts
        packet.pointee.pts = max(input.pts.ticks, dts)
        if let unit = context.pointee.streams[Int(lane.index)]?.pointee.time_base { av_packet_rescale_ts(packet, FFmpeg.ticks, unit) }
        packet.pointee.flags = input.isKey ? AV_PKT_FLAG_KEY : 0
        payload += input.payload.readableBytes
        let result = input.payload.withUnsafeReadableBytes { bytes in
            sluice_packet_borrow(packet, bytes.baseAddress, Int32(clamping: bytes.count))
            return av_write_frame(context, packet)
        }
        sluice_packet_borrow(packet, nil, 0)
        guard result >= 0 else { throw MediaError("writing a packet", code: result) }
    }

    /// Completes the segment; the writer is spent.
    package func finish() throws(MediaError) -> Output {
        let result = av_write_trailer(context)
        avio_flush(memory.context)
        guard result >= 0 else { throw MediaError("closing a segment", code: result) }
        return Output(bytes: memory.bytes, rest: memory.copy(from: taken), hash: memory.digest, counters: memory.counters ?? counters)
    }

    private static func add(_ video: VideoParameters, to context: UnsafeMutablePointer<AVFormatContext>) throws(MediaError) -> Int32 {
        let stream = try addStream(video.codec.ffmpeg, AVMEDIA_TYPE_VIDEO, video.configuration, to: context)
        stream.pointee.id = videoPacketID
        stream.pointee.codecpar.pointee.width = Int32(clamping: video.width)
        stream.pointee.codecpar.pointee.height = Int32(clamping: video.height)
        return stream.pointee.index
    }

    private static func add(_ audio: AudioParameters, to context: UnsafeMutablePointer<AVFormatContext>) throws(MediaError) -> Int32 {
        let stream = try addStream(audio.codec.ffmpeg, AVMEDIA_TYPE_AUDIO, audio.configuration, to: context)
        stream.pointee.id = audioPacketID
        stream.pointee.codecpar.pointee.sample_rate = Int32(clamping: audio.sampleRate)
        av_channel_layout_default(&stream.pointee.codecpar.pointee.ch_layout, Int32(clamping: audio.channels))
        return stream.pointee.index
    }

    private static func addStream(
        _ codec: AVCodecID, _ type: AVMediaType, _ configuration: [UInt8], to context: UnsafeMutablePointer<AVFormatContext>
    ) throws(MediaError) -> UnsafeMutablePointer<AVStream> {
        guard let stream = avformat_new_stream(context, nil), let parameters = stream.pointee.codecpar else {
            throw MediaError("out of memory")
        }
        parameters.pointee.codec_type = type
        parameters.pointee.codec_id = codec
        stream.pointee.time_base = FFmpeg.ticks
        if !configuration.isEmpty {
            guard let extra = av_mallocz(configuration.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else {
                throw MediaError("out of memory")
            }
            configuration.withUnsafeBytes { if let base = $0.baseAddress { extra.copyMemory(from: base, byteCount: $0.count) } }
            parameters.pointee.extradata = extra.assumingMemoryBound(to: UInt8.self)
            parameters.pointee.extradata_size = Int32(configuration.count)
        }
        return stream
    }
}
