internal import CFFmpeg
import NIOCore
package import SluiceTypes

/// Opus into AAC, as MPEG-TS players and RTMP want it: decoded, put into frames of 1024 samples and encoded, in sync to the sample.
/// Confined to one thread at a time.
package final class SoundConversion {
    private static let sampleRate = 48_000
    private static let bitratePerChannel: Int64 = 64_000
    /// Sound that comes farther from where it is expected begins anew there: packets were lost.
    private static let largestJump = MediaTime(milliseconds: 40)

    package let parameters: AudioParameters
    private let channels: Int
    private var decoder: UnsafeMutablePointer<AVCodecContext>?
    private var encoder: UnsafeMutablePointer<AVCodecContext>?
    private var decoded: UnsafeMutablePointer<AVFrame>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    /// Decoded and not yet encoded: less than a frame and a packet.
    private var samples: [[Float]]
    /// Samples since `origin` that were given to the encoder.
    private var given: Int64 = 0
    private var origin: MediaTime?

    /// - Parameter channels: 1 or 2.
    package init(channels: Int) throws(MediaError) {
        _ = FFmpeg.isSilenced
        guard (1...2).contains(channels) else { throw MediaError("sound of \(channels) channels; one or two are converted") }
        self.channels = channels
        samples = Array(repeating: [], count: channels)
        guard let opus = avcodec_find_decoder(AV_CODEC_ID_OPUS), let aac = avcodec_find_encoder(AV_CODEC_ID_AAC) else {
            throw MediaError("FFmpeg has no decoder for Opus, or no encoder for AAC")
        }
        decoder = avcodec_alloc_context3(opus)
        encoder = avcodec_alloc_context3(aac)
        decoded = av_frame_alloc()
        frame = av_frame_alloc()
        packet = av_packet_alloc()
        guard let decoder, let encoder, decoded != nil, let frame, packet != nil else { throw MediaError("out of memory") }
        decoder.pointee.sample_rate = Int32(Self.sampleRate)
        decoder.pointee.pkt_timebase = AVRational(num: 1, den: Int32(Self.sampleRate))
        av_channel_layout_default(&decoder.pointee.ch_layout, Int32(channels))
        let heard = avcodec_open2(decoder, opus, nil)
        guard heard >= 0 else { throw MediaError("the decoder for Opus", code: heard) }
        encoder.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
        encoder.pointee.sample_rate = Int32(Self.sampleRate)
        encoder.pointee.bit_rate = Self.bitratePerChannel * Int64(channels)
        encoder.pointee.time_base = AVRational(num: 1, den: Int32(Self.sampleRate))
        encoder.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        av_channel_layout_default(&encoder.pointee.ch_layout, Int32(channels))
        let opened = avcodec_open2(encoder, aac, nil)
        guard opened >= 0 else { throw MediaError("the encoder for AAC", code: opened) }
        let header = UnsafeBufferPointer(start: encoder.pointee.extradata, count: Int(encoder.pointee.extradata_size))
        parameters = AudioParameters(codec: .aac, sampleRate: Self.sampleRate, channels: channels, configuration: Array(header))
        frame.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
        frame.pointee.nb_samples = encoder.pointee.frame_size
        frame.pointee.sample_rate = Int32(Self.sampleRate)
        av_channel_layout_copy(&frame.pointee.ch_layout, &encoder.pointee.ch_layout)
        let made = av_frame_get_buffer(frame, 0)
        guard made >= 0 else { throw MediaError("room for sound", code: made) }
    }

    deinit {
        avcodec_free_context(&decoder)
        avcodec_free_context(&encoder)
        av_frame_free(&decoded)
        av_frame_free(&frame)
        av_packet_free(&packet)
    }

    /// - Returns: the frames that are whole with it; none where it could not be decoded.
    package func take(_ input: EncodedPacket) throws(MediaError) -> [EncodedPacket] {
        guard let decoder, let decoded, let packet else { return [] }
        let sent = input.payload.withUnsafeReadableBytes { bytes in
            sluice_packet_borrow(packet, bytes.baseAddress, Int32(clamping: bytes.count))
            return avcodec_send_packet(decoder, packet)
        }
        sluice_packet_borrow(packet, nil, 0)
        // A damaged packet costs its 20 ms: what comes next is set to its time.
        guard sent >= 0 else { return [] }
        settle(at: input.pts)
        var output: [EncodedPacket] = []
        while avcodec_receive_frame(decoder, decoded) >= 0 {
            defer { av_frame_unref(decoded) }
            guard decoded.pointee.format == AV_SAMPLE_FMT_FLTP.rawValue, decoded.pointee.sample_rate == Int32(Self.sampleRate) else {
                throw MediaError("Opus was decoded to samples of another kind than 48 000 floats a second")
            }
            let count = Int(decoded.pointee.nb_samples)
            let planes = Int(decoded.pointee.ch_layout.nb_channels)
            for channel in 0..<channels {
                guard let plane = decoded.pointee.extended_data[min(channel, planes - 1)] else { continue }
                plane.withMemoryRebound(to: Float.self, capacity: count) {
                    samples[channel].append(contentsOf: UnsafeBufferPointer(start: $0, count: count))
                }
            }
            output += try encode()
        }
        return output
    }

    private func settle(at time: MediaTime) {
        let waiting = Int64(samples[0].count)
        if let origin {
            let expected = origin + Self.span(given + waiting)
            if abs((time - expected).ticks) <= Self.largestJump.ticks { return }
        }
        for channel in samples.indices { samples[channel] = [] }
        origin = time - Self.span(given)
    }

    private static func span(_ samples: Int64) -> MediaTime {
        MediaTime(ticks: samples * MediaTime.ticksPerSecond / Int64(sampleRate))
    }

    private func encode() throws(MediaError) -> [EncodedPacket] {
        guard let encoder, let frame, let packet, let origin else { return [] }
        let size = Int(frame.pointee.nb_samples)
        var output: [EncodedPacket] = []
        while samples[0].count >= size {
            guard av_frame_make_writable(frame) >= 0 else { throw MediaError("out of memory") }
            for channel in samples.indices {
                guard let plane = frame.pointee.extended_data[channel] else { continue }
                samples[channel].withUnsafeBufferPointer { source in
                    guard let base = source.baseAddress else { return }
                    plane.withMemoryRebound(to: Float.self, capacity: size) { $0.update(from: base, count: size) }
                }
                samples[channel].removeFirst(size)
            }
            frame.pointee.pts = given
            given += Int64(size)
            let sent = avcodec_send_frame(encoder, frame)
            guard sent >= 0 else { throw MediaError("encoding sound", code: sent) }
            while avcodec_receive_packet(encoder, packet) >= 0 {
                defer { av_packet_unref(packet) }
                // The encoder's run-up has times before the beginning.
                guard packet.pointee.pts >= 0, let bytes = packet.pointee.data else { continue }
                let time = origin + Self.span(packet.pointee.pts)
                output.append(
                    EncodedPacket(
                        track: .audio, pts: time, dts: time, isKey: true,
                        payload: ByteBuffer(bytes: UnsafeBufferPointer(start: bytes, count: Int(packet.pointee.size)))))
            }
        }
        return output
    }
}
