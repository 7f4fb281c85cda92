internal import CFFmpeg
import SluiceTypes

/// One open encoder without delay: each frame in gives its packet out at once. Confined to one thread at a time.
final class FrameEncoder {
    private(set) var context: UnsafeMutablePointer<AVCodecContext>?
    private var lastPTS: Int64?

    init(
        profile: TranscodeProfile, width: Int, height: Int, rate: Rational, globalHeader: Bool, encoder: EncoderChoice, preset: String
    ) throws(SegmentFailure) {
        _ = FFmpeg.isSilenced
        let nvenc = encoder == .nvenc
        let name: String? =
            switch profile.codec {
            case .h264: nvenc ? "h264_nvenc" : "libx264"
            case .hevc: nvenc ? "hevc_nvenc" : "libx265"
            default: nil
            }
        guard let name, let codec = avcodec_find_encoder_by_name(name), let context = avcodec_alloc_context3(codec) else {
            throw SegmentFailure(.mediaUnusable, "Encoder not found")
        }
        self.context = context
        context.pointee.width = Int32(width)
        context.pointee.height = Int32(height)
        context.pointee.pix_fmt = AV_PIX_FMT_YUV420P
        context.pointee.time_base = FFmpeg.ticks
        context.pointee.framerate = AVRational(num: Int32(clamping: rate.numerator), den: Int32(clamping: rate.denominator))
        context.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
        context.pointee.max_b_frames = 0
        context.pointee.thread_count = 1
        if globalHeader { context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
        context.pointee.gop_size =
            switch profile.keyFrames {
            // Segments begin with a key frame anyhow; this bounds what a player waits for in very long ones.
            case .automatic: Int32(clamping: Int((rate.value * 10).rounded(.up)))
            case .every(let milliseconds): Int32(max(1, min(1_000_000, rate.value * Double(milliseconds) / 1000)))
            case .intraOnly: 1
            }
        let private_ = context.pointee.priv_data
        func set(_ key: String, _ value: String) { av_opt_set(private_, key, value, 0) }
        if profile.quality > 0 {
            set(nvenc ? "cq" : "crf", "\(profile.quality)")
        } else {
            context.pointee.bit_rate = Int64(profile.bitrate)
            context.pointee.rc_max_rate = Int64(profile.bitrate)
            context.pointee.rc_buffer_size = Int32(clamping: profile.bitrate)
        }
        set("forced-idr", "1")
        if nvenc {
            set("preset", "p4")
            set("tune", "ll")
            set("zerolatency", "1")
            set("delay", "0")
        } else {
            set("preset", preset)
            set("tune", "zerolatency")
            if profile.codec == .hevc { set("x265-params", "log-level=none:pools=none:frame-threads=1") }
        }
        if profile.codec == .h264 {
            switch profile.h264Profile {
            case .encoderDefault: break
            case .baseline: set("profile", "baseline")
            case .main: set("profile", "main")
            case .high, .constrainedHigh: set("profile", "high")
            }
        }
        let result = avcodec_open2(context, codec, nil)
        guard result >= 0 else {
            throw SegmentFailure(.transcodeFailed, "\(name): \(FFmpeg.text(of: result))")
        }
    }

    deinit { avcodec_free_context(&context) }

    /// Whether a segment that starts at `pts` may go on in this encoder: its clock must not step back nor leap.
    func continues(at pts: Int64) -> Bool {
        guard let lastPTS else { return true }
        return pts > lastPTS && pts &- lastPTS < 10 * MediaTime.ticksPerSecond
    }

    /// - Parameter frame: `nil` drains; the encoder is spent then.
    func encode(_ frame: UnsafeMutablePointer<AVFrame>?, _ onPacket: (UnsafeMutablePointer<AVPacket>) throws(SegmentFailure) -> Void)
        throws(SegmentFailure)
    {
        if let frame { lastPTS = frame.pointee.pts }
        let sent = avcodec_send_frame(context, frame)
        guard sent >= 0 else { throw SegmentFailure(.transcodeFailed, "encoding: \(FFmpeg.text(of: sent))") }
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        guard let packet else { throw SegmentFailure(.transcodeFailed, "out of memory") }
        while true {
            let result = avcodec_receive_packet(context, packet)
            if result == sluice_error_again || result == sluice_error_eof { return }
            guard result >= 0 else { throw SegmentFailure(.transcodeFailed, "encoding: \(FFmpeg.text(of: result))") }
            try onPacket(packet)
            av_packet_unref(packet)
        }
    }
}
