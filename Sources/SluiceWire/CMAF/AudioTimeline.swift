import NIOCore
import SluiceTypes

/// Where sound lies on the timeline: one frame follows another to the sample, as their stamps (whole milliseconds in RTMP) cannot
/// say. The stamps are heard again when both are half a frame apart, so that sound and pictures never drift further than that.
struct AudioTimeline {
    private let scale: Int64
    private let codec: AudioCodec
    /// Where the next frame goes if nothing has drifted, in samples.
    private var next: Int64?

    init(_ audio: AudioParameters) {
        scale = Int64(Self.timescale(of: audio))
        codec = audio.codec
    }

    /// Ticks per second of a sound track: its samples, and for Opus those of its decoder.
    static func timescale(of audio: AudioParameters) -> UInt32 {
        audio.codec == .opus ? 48_000 : UInt32(clamping: audio.sampleRate)
    }

    /// - Returns: the time of a fragment's first frame, in samples; never below zero.
    mutating func begin(at time: MediaTime, _ frame: ByteBuffer) -> Int64 {
        let stamped = max(0, Int64(clamping: Int128(time.ticks) * Int128(scale) / Int128(MediaTime.ticksPerSecond)))
        if let next, abs(stamped - next) <= Int64(samples(in: frame)) / 2 { return next }
        next = stamped
        return stamped
    }

    /// - Returns: how long the frame is, in samples.
    mutating func advance(over frame: ByteBuffer) -> UInt32 {
        let count = samples(in: frame)
        next = next.map { $0 + Int64(count) }
        return count
    }

    private func samples(in frame: ByteBuffer) -> UInt32 {
        switch codec {
        case .aac: 1024
        case .mp3: scale >= 32_000 ? 1152 : 576
        case .opus: OpusPacket.samples(in: frame)
        }
    }
}

/// The first bytes of an Opus packet (RFC 6716 §3.1).
enum OpusPacket {
    /// 120 ms, the longest there is.
    private static let most: UInt32 = 5760

    static func samples(in packet: ByteBuffer) -> UInt32 {
        guard let head = packet.getInteger(at: packet.readerIndex, as: UInt8.self) else { return 960 }
        let place = Int(head >> 3)
        let frame: UInt32 =
            switch place {
            case ..<12: [480, 960, 1920, 2880][place & 3]
            case ..<16: [480, 960][place & 1]
            default: [120, 240, 480, 960][place & 3]
            }
        let count: UInt32
        switch head & 3 {
        case 0: count = 1
        case 1, 2: count = 2
        default: count = UInt32((packet.getInteger(at: packet.readerIndex + 1, as: UInt8.self) ?? 1) & 0x3f)
        }
        return min(most, max(1, count) * frame)
    }
}
