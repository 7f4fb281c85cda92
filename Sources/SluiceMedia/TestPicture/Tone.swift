internal import CFFmpeg
import Foundation
import NIOCore
import SluiceTypes

/// A tone of 440 Hz as AAC, in stereo.
final class Tone {
    private static let sampleRate = 48_000
    private static let bitrate: Int64 = 96_000
    private static let hertz = 440.0
    /// A quarter of full scale: one may listen to it for a while.
    private static let loudness = 0.25

    let parameters: AudioParameters
    private var context: UnsafeMutablePointer<AVCodecContext>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var samples: Int64 = 0

    init() throws(MediaError) {
        _ = FFmpeg.isSilenced
        guard let codec = avcodec_find_encoder(AV_CODEC_ID_AAC) else { throw MediaError("FFmpeg has no AAC encoder") }
        context = avcodec_alloc_context3(codec)
        frame = av_frame_alloc()
        packet = av_packet_alloc()
        guard let context, let frame, packet != nil else { throw MediaError("out of memory") }
        context.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
        context.pointee.sample_rate = Int32(Self.sampleRate)
        context.pointee.bit_rate = Self.bitrate
        context.pointee.time_base = AVRational(num: 1, den: Int32(Self.sampleRate))
        context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        av_channel_layout_default(&context.pointee.ch_layout, 2)
        let opened = avcodec_open2(context, codec, nil)
        guard opened >= 0 else { throw MediaError("the tone's encoder", code: opened) }
        let header = UnsafeBufferPointer(start: context.pointee.extradata, count: Int(context.pointee.extradata_size))
        parameters = AudioParameters(codec: .aac, sampleRate: Self.sampleRate, channels: 2, configuration: Array(header))
        frame.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
        frame.pointee.nb_samples = context.pointee.frame_size
        frame.pointee.sample_rate = Int32(Self.sampleRate)
        av_channel_layout_copy(&frame.pointee.ch_layout, &context.pointee.ch_layout)
        let made = av_frame_get_buffer(frame, 0)
        guard made >= 0 else { throw MediaError("the tone's samples", code: made) }
    }

    deinit {
        avcodec_free_context(&context)
        av_frame_free(&frame)
        av_packet_free(&packet)
    }

    /// The packets that begin before this time and were not given yet.
    func packets(until time: MediaTime) throws(MediaError) -> [EncodedPacket] {
        guard let context, let frame, let packet else { return [] }
        var packets: [EncodedPacket] = []
        while samples * MediaTime.ticksPerSecond / Int64(Self.sampleRate) <= time.ticks {
            guard av_frame_make_writable(frame) >= 0 else { throw MediaError("out of memory") }
            fill(frame)
            let sent = avcodec_send_frame(context, frame)
            guard sent >= 0 else { throw MediaError("encoding the tone", code: sent) }
            while avcodec_receive_packet(context, packet) >= 0 {
                defer { av_packet_unref(packet) }
                // The encoder's run-up has times before the beginning.
                guard packet.pointee.pts >= 0, let bytes = packet.pointee.data else { continue }
                let at = MediaTime(ticks: packet.pointee.pts * MediaTime.ticksPerSecond / Int64(Self.sampleRate))
                let payload = ByteBuffer(bytes: UnsafeBufferPointer(start: bytes, count: Int(packet.pointee.size)))
                packets.append(EncodedPacket(track: .audio, pts: at, dts: at, isKey: true, payload: payload))
            }
        }
        return packets
    }

    private func fill(_ frame: UnsafeMutablePointer<AVFrame>) {
        let count = Int(frame.pointee.nb_samples)
        frame.pointee.pts = samples
        for channel in 0..<2 {
            guard let plane = frame.pointee.extended_data[channel] else { continue }
            plane.withMemoryRebound(to: Float.self, capacity: count) { values in
                for index in 0..<count {
                    let phase = Double(samples + Int64(index)) * Self.hertz / Double(Self.sampleRate)
                    values[index] = Float(Self.loudness * sin(2 * .pi * (phase - phase.rounded(.down))))
                }
            }
        }
        samples += Int64(count)
    }
}
