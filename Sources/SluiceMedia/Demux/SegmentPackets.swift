internal import CFFmpeg
package import NIOCore
package import SluiceTypes

/// All packets of a finished segment, in the order of the container.
package struct SegmentPackets: Sendable {
    /// As the container tells; its configuration is empty where it travels in the packets.
    package var video: VideoParameters?
    package var audio: AudioParameters?
    /// Times near the start that was asked for, whatever turn of MPEG-TS's 33-bit clock the segment is on.
    package var packets: [EncodedPacket] = []

    /// One turn of the 33-bit clock.
    private static let wrap: Int64 = 1 << 33
    private static let mostPackets = 100_000

    /// Blocks its thread for as long as reading takes: call on a media executor.
    ///
    /// - Parameter start: where the segment is known to begin.
    /// - Throws: when there is nothing to play in the bytes; the text says what is wrong. Any bytes are safe.
    package static func read(_ bytes: ByteBuffer, container: SegmentContainer, near start: MediaTime) throws(MediaError) -> SegmentPackets {
        let input = try InputMemory(bytes, container: container)
        guard let context = input.context else { throw MediaError("no stream readable") }
        var result = SegmentPackets()
        let videoStream = SegmentInspector.stream(of: AVMEDIA_TYPE_VIDEO, in: context)
        let audioStream = SegmentInspector.stream(of: AVMEDIA_TYPE_AUDIO, in: context)
        if let videoStream { result.video = video(videoStream, in: context) }
        if let audioStream { result.audio = audio(audioStream) }
        guard result.video != nil || result.audio != nil else { throw MediaError("no codec of the segment is known here") }

        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        guard let packet else { throw MediaError("out of memory") }
        var turn: Int64?
        while result.packets.count < mostPackets, av_read_frame(context, packet) >= 0 {
            defer { av_packet_unref(packet) }
            let isVideo = packet.pointee.stream_index == videoStream?.pointee.index && result.video != nil
            let isAudio = packet.pointee.stream_index == audioStream?.pointee.index && result.audio != nil
            guard isVideo || isAudio, packet.pointee.size > 0, let data = packet.pointee.data,
                let unit = (isVideo ? videoStream : audioStream)?.pointee.time_base
            else { continue }
            let decode = packet.pointee.dts == sluice_no_pts ? packet.pointee.pts : packet.pointee.dts
            guard decode != sluice_no_pts else { continue }
            let shown = packet.pointee.pts == sluice_no_pts ? decode : packet.pointee.pts
            let dts = av_rescale_q(decode, unit, FFmpeg.ticks)
            let turns = turn ?? Int64((Double(start.ticks &- dts) / Double(wrap)).rounded()) &* wrap
            turn = turns
            let pts = av_rescale_q(shown, unit, FFmpeg.ticks)
            // What an MP4 names may be any number; nothing after this is made for one of those.
            guard [dts, pts].allSatisfy({ ($0 &+ turns &- start.ticks).magnitude <= 2 * wrap }) else {
                throw MediaError("a frame's time is out of range")
            }
            result.packets.append(
                EncodedPacket(
                    track: isVideo ? .video : .audio, pts: MediaTime(ticks: pts &+ turns),
                    dts: MediaTime(ticks: dts &+ turns), isKey: isAudio || packet.pointee.flags & AV_PKT_FLAG_KEY != 0,
                    payload: ByteBuffer(bytes: UnsafeRawBufferPointer(start: data, count: Int(packet.pointee.size)))))
        }
        guard !result.packets.isEmpty else { throw MediaError("no frames in the segment") }
        return result
    }

    private static func video(
        _ stream: UnsafeMutablePointer<AVStream>, in context: UnsafeMutablePointer<AVFormatContext>
    ) -> VideoParameters? {
        let coding = stream.pointee.codecpar.pointee
        guard let codec = VideoCodec(coding.codec_id), coding.width > 0, coding.height > 0 else { return nil }
        let rate = av_guess_frame_rate(context, stream, nil)
        return VideoParameters(
            codec: codec, width: Int(coding.width), height: Int(coding.height),
            frameRate: rate.num > 0 && rate.den > 0 ? Rational(Int(rate.num), Int(rate.den)) : nil,
            configuration: configuration(coding, isLengthPrefixed: true))
    }

    private static func audio(_ stream: UnsafeMutablePointer<AVStream>) -> AudioParameters? {
        let coding = stream.pointee.codecpar.pointee
        guard let codec = AudioCodec(coding.codec_id), coding.sample_rate > 0 else { return nil }
        return AudioParameters(
            codec: codec, sampleRate: Int(coding.sample_rate), channels: Int(coding.ch_layout.nb_channels),
            configuration: configuration(coding, isLengthPrefixed: false))
    }

    /// Parameter sets behind start codes, as FFmpeg gathers them from a transport stream, are no configuration of packets in MP4's form.
    private static func configuration(_ coding: AVCodecParameters, isLengthPrefixed: Bool) -> [UInt8] {
        guard coding.extradata_size > 0, let extra = coding.extradata else { return [] }
        let bytes = Array(UnsafeRawBufferPointer(start: extra, count: Int(coding.extradata_size)))
        return isLengthPrefixed && bytes[0] == 0 ? [] : bytes
    }
}
