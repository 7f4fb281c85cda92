internal import CFFmpeg
package import NIOCore
package import SluiceTypes

/// Writes one MPEG-TS segment into memory. Times come out as they went in (modulo 2³³ ticks). Confined to one thread at a time.
package final class TransportStreamWriter {
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

    private let memory: OutputMemory
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
        memory = try OutputMemory(capacity: capacity, hashing: hashing, counters: counters)
        packet = av_packet_alloc()
        let result = avformat_alloc_output_context2(&context, nil, "mpegts", nil)
        guard let context, packet != nil else { throw MediaError("making an MPEG-TS writer", code: result) }
        context.pointee.pb = memory.context
        context.pointee.flags = (context.pointee.flags | AVFMT_FLAG_CUSTOM_IO) & ~AVFMT_FLAG_FLUSH_PACKETS
        context.pointee.flush_packets = 0
        context.pointee.max_delay = 0
        context.pointee.avoid_negative_ts = 0
        av_opt_set(context.pointee.priv_data, "mpegts_copyts", "1", 0)
        // With its length a picture is whole for who reads it before the next one begins.
        av_opt_set(context.pointee.priv_data, "omit_video_pes_length", "0", 0)
        if let video { self.video = Lane(index: try Self.add(video, to: context)) }
        if let audio { self.audio = Lane(index: try Self.add(audio, to: context)) }
        let header = avformat_write_header(context, nil)
        guard header >= 0 else { throw MediaError("opening an MPEG-TS segment", code: header) }
    }

    deinit {
        av_packet_free(&packet)
        avformat_free_context(context)
    }

    /// A copy of what was written since the last call. The muxer still holds back sound that does not fill a packet.
    package func takeFresh() -> ByteBuffer {
        avio_flush(memory.context)
        defer { taken = size }
        return memory.copy(from: taken)
    }

    /// Bytes so far, save what FFmpeg still holds back.
    package var size: Int { memory.bytes.readableBytes }

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
        packet.pointee.flags = input.isKey ? AV_PKT_FLAG_KEY : 0
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
        guard result >= 0 else { throw MediaError("closing an MPEG-TS segment", code: result) }
        return Output(bytes: memory.bytes, rest: memory.copy(from: taken), hash: memory.digest, counters: memory.counters ?? .init())
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
