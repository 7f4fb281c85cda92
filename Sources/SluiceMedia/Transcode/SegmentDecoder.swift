internal import CFFmpeg
import SluiceTypes

/// The session's video decoder: drained at each segment's end and flushed, kept as long as the coding stays the same.
final class SegmentDecoder {
    struct Coding: Hashable {
        var codec: UInt32
        var width: Int32
        var height: Int32
        var profile: Int32
        var format: Int32
        var extra: [UInt8]

        init(_ parameters: AVCodecParameters) {
            codec = parameters.codec_id.rawValue
            width = parameters.width
            height = parameters.height
            profile = parameters.profile
            format = parameters.format
            extra = parameters.extradata.map { Array(UnsafeBufferPointer(start: $0, count: Int(parameters.extradata_size))) } ?? []
        }
    }

    let coding: Coding
    private var context: UnsafeMutablePointer<AVCodecContext>?
    private var frame: UnsafeMutablePointer<AVFrame>?

    /// One: sessions run side by side on the media executor's threads, and frame threads would add delay.
    private static let threads: Int32 = 1

    init(_ stream: UnsafeMutablePointer<AVStream>) throws(SegmentFailure) {
        coding = Coding(stream.pointee.codecpar.pointee)
        guard VideoCodec(stream.pointee.codecpar.pointee.codec_id) != nil else {
            throw SegmentFailure(.mediaUnusable, "Unsupported input codec")
        }
        guard let codec = avcodec_find_decoder(stream.pointee.codecpar.pointee.codec_id) else {
            throw SegmentFailure(.mediaUnusable, "Decoder not found")
        }
        context = avcodec_alloc_context3(codec)
        frame = av_frame_alloc()
        guard let context, frame != nil else { throw SegmentFailure(.transcodeFailed, "out of memory") }
        avcodec_parameters_to_context(context, stream.pointee.codecpar)
        context.pointee.thread_count = Self.threads
        context.pointee.pkt_timebase = FFmpeg.ticks
        guard avcodec_open2(context, codec, nil) >= 0 else { throw SegmentFailure(.mediaUnusable, "Decoder not found") }
    }

    /// As the pictures say; known, if at all, from the first of them on.
    var frameRate: Rational? {
        guard let rate = context?.pointee.framerate, rate.num > 0, rate.den > 0 else { return nil }
        return Rational(Int(rate.num), Int(rate.den))
    }

    deinit {
        av_frame_free(&frame)
        avcodec_free_context(&context)
    }

    /// - Parameter packet: `nil` at the segment's end; gives the last frames out and makes the decoder ready for the next one.
    func decode(_ packet: UnsafeMutablePointer<AVPacket>?, _ onFrame: (UnsafeMutablePointer<AVFrame>) -> Void) {
        guard let context, let frame else { return }
        // Damaged pictures are left out; whether any were good is the caller's question at the end.
        _ = avcodec_send_packet(context, packet)
        while avcodec_receive_frame(context, frame) >= 0 {
            frame.pointee.pts =
                frame.pointee.best_effort_timestamp == sluice_no_pts ? frame.pointee.pts : frame.pointee.best_effort_timestamp
            onFrame(frame)
            av_frame_unref(frame)
        }
        if packet == nil { avcodec_flush_buffers(context) }
    }
}
