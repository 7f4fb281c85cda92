internal import CFFmpeg
package import NIOCore
package import SluiceTypes

/// What a finished segment holds, found by reading all of its packets.
package struct SegmentFacts: Hashable, Sendable {
    package var video: VideoParameters?
    package var audio: AudioParameters?
    /// FFmpeg's name of the pixel format, e.g. `yuv420p`.
    package var pixelFormat: String?
    package var videoFrames: Int
    /// First video presentation time, else the first audio one; 0 or more.
    package var start: MediaTime
    /// To the end of the last frame.
    package var duration: Duration
    package var hasKeyFrameAtStart: Bool
}

/// Reads segments that others made. Blocks its thread for as long as parsing takes: call on the media executor.
package enum SegmentInspector {
    /// One turn of the 33-bit clock.
    private static let wrap: Int64 = 1 << 33
    /// No clock runs for that long (1,500 years), but what an MP4 names may be any number.
    private static let latest: UInt64 = 1 << 52

    /// - Throws: when there is nothing to play in the bytes; the text says what is wrong. Any bytes are safe.
    package static func inspect(_ bytes: ByteBuffer, container: SegmentContainer) throws(MediaError) -> SegmentFacts {
        let input = try InputMemory(bytes, container: container)
        guard let context = input.context else { throw MediaError("no stream readable") }
        let video = stream(of: AVMEDIA_TYPE_VIDEO, in: context)
        let audio = stream(of: AVMEDIA_TYPE_AUDIO, in: context)
        guard video != nil || audio != nil else { throw MediaError("no video and no audio in the segment") }

        var facts = SegmentFacts(
            videoFrames: 0, start: .zero, duration: .zero, hasKeyFrameAtStart: false)
        if let video { try describe(video, in: context, into: &facts) }
        if let audio { facts.audio = parameters(of: audio) }
        guard facts.video != nil || facts.audio != nil else { throw MediaError("no codec of the segment is known here") }
        try scan(context, leading: video ?? audio, isVideo: video != nil, into: &facts)
        return facts
    }

    static func stream(
        of type: AVMediaType, in context: UnsafeMutablePointer<AVFormatContext>
    ) -> UnsafeMutablePointer<AVStream>? {
        for index in 0..<Int(context.pointee.nb_streams) {
            guard let stream = context.pointee.streams[index], stream.pointee.codecpar.pointee.codec_type == type,
                stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
            else { continue }
            return stream
        }
        return nil
    }

    private static func describe(
        _ video: UnsafeMutablePointer<AVStream>, in context: UnsafeMutablePointer<AVFormatContext>, into facts: inout SegmentFacts
    ) throws(MediaError) {
        let coding = video.pointee.codecpar.pointee
        guard let codec = VideoCodec(coding.codec_id) else {
            throw MediaError("video codec \(String(cString: avcodec_get_name(coding.codec_id))) is not supported")
        }
        guard coding.width > 0, coding.height > 0 else {
            throw MediaError("no picture size in the video; the segment is cut off, or does not begin with a key frame")
        }
        let rate = av_guess_frame_rate(context, video, nil)
        facts.video = VideoParameters(
            codec: codec, width: Int(coding.width), height: Int(coding.height),
            frameRate: rate.num > 0 && rate.den > 0 ? Rational(Int(rate.num), Int(rate.den)) : nil)
        if let name = av_get_pix_fmt_name(AVPixelFormat(rawValue: coding.format)) { facts.pixelFormat = String(cString: name) }
    }

    private static func parameters(of audio: UnsafeMutablePointer<AVStream>) -> AudioParameters? {
        let coding = audio.pointee.codecpar.pointee
        guard let codec = AudioCodec(coding.codec_id) else { return nil }
        return AudioParameters(
            codec: codec, sampleRate: Int(coding.sample_rate), channels: Int(coding.ch_layout.nb_channels))
    }

    private static func scan(
        _ context: UnsafeMutablePointer<AVFormatContext>, leading: UnsafeMutablePointer<AVStream>?, isVideo: Bool,
        into facts: inout SegmentFacts
    ) throws(MediaError) {
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        guard let packet, let leading else { throw MediaError("out of memory") }
        let unit = leading.pointee.time_base
        var first: Int64?
        var last = Int64.min
        var lastLength: Int64 = 0
        var count = 0
        while av_read_frame(context, packet) >= 0 {
            defer { av_packet_unref(packet) }
            guard packet.pointee.stream_index == leading.pointee.index, packet.pointee.size > 0 else { continue }
            if count == 0 { facts.hasKeyFrameAtStart = packet.pointee.flags & AV_PKT_FLAG_KEY != 0 }
            count += 1
            let stamp = packet.pointee.pts == sluice_no_pts ? packet.pointee.dts : packet.pointee.pts
            guard stamp != sluice_no_pts else { continue }
            let ticks = av_rescale_q(stamp, unit, FFmpeg.ticks)
            guard ticks.magnitude <= latest else { throw MediaError("a frame's time is out of range") }
            first = min(first ?? ticks, ticks)
            if ticks >= last {
                last = ticks
                lastLength = av_rescale_q(max(0, packet.pointee.duration), unit, FFmpeg.ticks)
            }
        }
        guard count > 0, let first else {
            throw MediaError("no \(isVideo ? "video" : "audio") frames in the segment")
        }
        if isVideo { facts.videoFrames = count }
        if let rate = facts.video?.frameRate, isVideo {
            lastLength = Int64((90_000 / rate.value).rounded())
        }
        let span = max(0, last &- first &+ lastLength)
        facts.duration = MediaTime(ticks: span <= wrap ? span : 0).duration
        facts.start = MediaTime(ticks: first < 0 && first >= -wrap ? first + wrap : max(0, first))
    }
}
