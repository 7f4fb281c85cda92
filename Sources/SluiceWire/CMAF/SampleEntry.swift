import NIOCore
import SluiceTypes

/// What `stsd` says of a coding: ISO/IEC 14496-15 for H.264 and HEVC, the AV1 and Opus bindings, ISO/IEC 14496-14 for AAC and MP3.
enum SampleEntry {
    static func video(_ video: VideoParameters) throws(CMAFError) -> ByteBuffer {
        let (type, record): (StaticString, StaticString)
        switch video.codec {
        case .h264: (type, record) = ("avc1", "avcC")
        case .hevc: (type, record) = ("hvc1", "hvcC")
        case .av1: (type, record) = ("av01", "av1C")
        case .vp8, .vp9: throw CMAFError("\(video.codec.rawValue) is not carried in fragmented MP4; send H.264, HEVC or AV1")
        }
        // An avcC holds seven bytes before its parameter sets, an hvcC 23, an av1C four.
        guard video.configuration.count >= 4 else { throw CMAFError("no decoder configuration for \(video.codec.rawValue)") }
        var writer = BoxWriter(capacity: 128 + video.configuration.count)
        writer.box(type) { writer in
            writer.zeros(6)
            writer.put(UInt16(1))
            writer.zeros(16)
            writer.put(UInt16(clamping: video.width))
            writer.put(UInt16(clamping: video.height))
            writer.put(UInt32(0x48_0000))
            writer.put(UInt32(0x48_0000))
            writer.put(UInt32(0))
            writer.put(UInt16(1))
            writer.zeros(32)
            writer.put(UInt16(0x18))
            writer.put(UInt16.max)
            writer.box(record) { $0.put(video.configuration) }
        }
        return writer.bytes
    }

    static func audio(_ audio: AudioParameters) throws(CMAFError) -> ByteBuffer {
        guard audio.sampleRate > 0 else { throw CMAFError("audio without a sample rate") }
        var writer = BoxWriter(capacity: 128 + audio.configuration.count)
        switch audio.codec {
        case .aac:
            guard audio.configuration.count >= 2 else { throw CMAFError("no AudioSpecificConfig for AAC") }
            writer.box("mp4a") { writer in
                head(&writer, audio)
                elementaryStream(&writer, objectType: 0x40, audio.configuration)
            }
        case .mp3:
            writer.box("mp4a") { writer in
                head(&writer, audio)
                elementaryStream(&writer, objectType: 0x6b, [])
            }
        case .opus:
            let header = OpusHeader(audio)
            writer.box("Opus") { writer in
                head(&writer, audio)
                writer.box("dOps") { writer in
                    writer.put(UInt8(0))
                    writer.put(UInt8(clamping: audio.channels))
                    writer.put(header.preSkip)
                    writer.put(header.inputSampleRate)
                    writer.put(header.gain)
                    writer.put(header.mapping)
                }
            }
        }
        return writer.bytes
    }

    private static func head(_ writer: inout BoxWriter, _ audio: AudioParameters) {
        writer.zeros(6)
        writer.put(UInt16(1))
        writer.zeros(8)
        writer.put(UInt16(clamping: audio.channels))
        writer.put(UInt16(16))
        writer.zeros(4)
        let rate = AudioTimeline.timescale(of: audio)
        writer.put(rate <= UInt32(UInt16.max) ? rate << 16 : 0)
    }

    /// `esds` (ISO/IEC 14496-1 §7.2.6): descriptors in descriptors, every length in four bytes.
    private static func elementaryStream(_ writer: inout BoxWriter, objectType: UInt8, _ configuration: [UInt8]) {
        let specific = configuration.isEmpty ? 0 : 5 + configuration.count
        func descriptor(_ writer: inout BoxWriter, _ tag: UInt8, _ length: Int) {
            writer.put(tag)
            for shift in [21, 14, 7] { writer.put(UInt8(length >> shift & 0x7f) | 0x80) }
            writer.put(UInt8(length & 0x7f))
        }
        writer.fullBox("esds") { writer in
            descriptor(&writer, 3, 3 + 5 + 13 + specific + 5 + 1)
            writer.zeros(3)
            descriptor(&writer, 4, 13 + specific)
            writer.put(objectType)
            // An audio stream, downstream.
            writer.put(UInt8(5 << 2 | 1))
            writer.zeros(11)
            if specific > 0 {
                descriptor(&writer, 5, configuration.count)
                writer.put(configuration)
            }
            descriptor(&writer, 6, 1)
            writer.put(UInt8(2))
        }
    }
}

/// The identification header of Opus (RFC 7845 §5.1), little-endian, as FFmpeg and Matroska hand it on.
private struct OpusHeader {
    var preSkip: UInt16 = 312
    var inputSampleRate: UInt32 = 48_000
    var gain: Int16 = 0
    /// The channel mapping family, and the table that follows for any but 0.
    var mapping: [UInt8] = [0]

    init(_ audio: AudioParameters) {
        var head = ByteBuffer(bytes: audio.configuration)
        guard head.readString(length: 8) == "OpusHead", head.readBytes(length: 2) != nil,
            let preSkip = head.readInteger(endianness: .little, as: UInt16.self),
            let rate = head.readInteger(endianness: .little, as: UInt32.self),
            let gain = head.readInteger(endianness: .little, as: Int16.self)
        else { return }
        self.preSkip = preSkip
        inputSampleRate = rate
        self.gain = gain
        if head.readableBytes > 0 { mapping = Array(head.readableBytesView) }
    }
}
