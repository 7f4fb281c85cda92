internal import CFFmpeg
import NIOCore
package import SluiceTypes

/// Makes pictures that decoding cannot start with into ones that it can: from the middle of a group of pictures on they are decoded and
/// encoded anew, the first as a key frame. Keeps the last picture, to show it on. Confined to one thread at a time.
package final class PictureBridge {
    /// Of the quality scale of x264; what comes out is shown for two seconds at most.
    private static let quality = 21
    /// Key frames of a picture that is held: who joins waits no longer.
    private static let keyFrameInterval: Int64 = 2 * MediaTime.ticksPerSecond

    private var context: UnsafeMutablePointer<AVCodecContext>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    /// The newest picture that was decoded.
    private var newest: MediaReference?
    private var encoder: FrameEncoder?
    private var lastKey: Int64?
    private var lastOut = Int64.min
    /// Of what comes out; known with the first of it.
    package private(set) var video: VideoParameters?

    /// - Parameter input: with its configuration.
    package init(_ input: VideoParameters) throws(MediaError) {
        _ = FFmpeg.isSilenced
        guard let codec = avcodec_find_decoder(input.codec.ffmpeg) else { throw MediaError("no decoder for \(input.codec.rawValue)") }
        context = avcodec_alloc_context3(codec)
        frame = av_frame_alloc()
        packet = av_packet_alloc()
        guard let context, frame != nil, packet != nil else { throw MediaError("out of memory") }
        // One picture in, one out: more threads would hold pictures back.
        context.pointee.thread_count = 1
        context.pointee.flags |= AV_CODEC_FLAG_LOW_DELAY
        context.pointee.pkt_timebase = FFmpeg.ticks
        let count = input.configuration.count
        if count > 0 {
            guard let extra = av_mallocz(count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else { throw MediaError("out of memory") }
            input.configuration.withUnsafeBytes { if let base = $0.baseAddress { extra.copyMemory(from: base, byteCount: $0.count) } }
            context.pointee.extradata = extra.assumingMemoryBound(to: UInt8.self)
            context.pointee.extradata_size = Int32(count)
        }
        let opened = avcodec_open2(context, codec, nil)
        guard opened >= 0 else { throw MediaError("opening a decoder for a picture in between", code: opened) }
    }

    deinit {
        av_frame_free(&frame)
        av_packet_free(&packet)
        avcodec_free_context(&context)
    }

    package var hasPicture: Bool { newest != nil }

    /// Decodes a picture, and encodes it anew when it is to be shown.
    ///
    /// - Parameters:
    ///   - input: from a key frame on, none left out.
    ///   - time: pictures up to it are not to be shown; `nil` for none of them at all.
    package func take(_ input: EncodedPacket, after time: MediaTime?) throws(MediaError) -> [EncodedPacket] {
        guard let context, let frame, let packet else { return [] }
        packet.pointee.pts = input.pts.ticks
        packet.pointee.dts = input.dts.ticks
        packet.pointee.flags = input.isKey ? AV_PKT_FLAG_KEY : 0
        // Without an owner the decoder copies it, with the room behind it that it needs.
        let sent = input.payload.withUnsafeReadableBytes { bytes in
            sluice_packet_borrow(packet, bytes.baseAddress, Int32(clamping: bytes.count))
            return avcodec_send_packet(context, packet)
        }
        sluice_packet_borrow(packet, nil, 0)
        guard sent >= 0 else { throw MediaError("decoding a picture in between", code: sent) }
        var output: [EncodedPacket] = []
        while avcodec_receive_frame(context, frame) >= 0 {
            defer { av_frame_unref(frame) }
            if frame.pointee.best_effort_timestamp != sluice_no_pts { frame.pointee.pts = frame.pointee.best_effort_timestamp }
            newest = MediaReference(frame: frame)
            if let time, frame.pointee.pts > time.ticks { output += try encode(frame, at: frame.pointee.pts) }
        }
        return output
    }

    /// The newest picture once more.
    ///
    /// - Returns: nothing where none was decoded, or the time is not after that of the last one that came out.
    package func still(at time: MediaTime) throws(MediaError) -> [EncodedPacket] {
        guard let picture = newest?.frame, let copy = av_frame_clone(picture) else { return [] }
        var owned: UnsafeMutablePointer<AVFrame>? = copy
        defer { av_frame_free(&owned) }
        return try encode(copy, at: time.ticks)
    }

    private func encode(_ frame: UnsafeMutablePointer<AVFrame>, at pts: Int64) throws(MediaError) -> [EncodedPacket] {
        guard pts > lastOut else { return [] }
        let encoder: FrameEncoder
        if let known = self.encoder { encoder = known } else { encoder = try open(like: frame) }
        self.encoder = encoder
        lastOut = pts
        frame.pointee.pts = pts
        let isKey = lastKey.map { pts - $0 >= Self.keyFrameInterval } ?? true
        if isKey { lastKey = pts }
        frame.pointee.pict_type = isKey ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        var output: [EncodedPacket] = []
        do throws(SegmentFailure) {
            try encoder.encode(frame) { encoded throws(SegmentFailure) in
                guard let bytes = encoded.pointee.data else { return }
                output.append(
                    EncodedPacket(
                        track: .video, pts: MediaTime(ticks: encoded.pointee.pts), dts: MediaTime(ticks: encoded.pointee.dts),
                        isKey: encoded.pointee.flags & AV_PKT_FLAG_KEY != 0,
                        payload: AnnexB.withLengths(UnsafeRawBufferPointer(start: bytes, count: Int(encoded.pointee.size)))))
            }
        } catch {
            throw MediaError("encoding a picture in between: \(error)")
        }
        return output
    }

    private func open(like frame: UnsafeMutablePointer<AVFrame>) throws(MediaError) -> FrameEncoder {
        let format = frame.pointee.format
        guard format == AV_PIX_FMT_YUV420P.rawValue || format == AV_PIX_FMT_YUVJ420P.rawValue else {
            throw MediaError("pictures of pixel format \(format) are not encoded anew; 8 bits of 4:2:0 are")
        }
        let (width, height) = (Int(frame.pointee.width), Int(frame.pointee.height))
        let profile = TranscodeProfile(name: "between", width: width, height: height, bitrate: 0, quality: Self.quality)
        let encoder: FrameEncoder
        do throws(SegmentFailure) {
            encoder = try FrameEncoder(
                profile: profile, width: width, height: height, rate: Rational(30), globalHeader: true, encoder: .x264,
                preset: "ultrafast")
        } catch {
            throw MediaError("an encoder for pictures in between: \(error)")
        }
        guard let context = encoder.context, let extra = context.pointee.extradata,
            let configuration = AnnexB.configuration(
                of: UnsafeRawBufferPointer(start: extra, count: Int(context.pointee.extradata_size)))
        else { throw MediaError("the encoder for pictures in between tells no parameter sets") }
        video = VideoParameters(codec: .h264, width: width, height: height, configuration: configuration)
        return encoder
    }
}
