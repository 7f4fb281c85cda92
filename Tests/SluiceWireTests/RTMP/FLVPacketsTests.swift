import NIOCore
import SluiceTypes
import SluiceWire
import Testing

@Suite struct FLVPacketsTests {
    /// 1280x720 at 30 frames a second, High profile, as x264 writes it.
    private static let avc: [UInt8] = [
        1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 0x19, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03,
        0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60, 1, 0, 1, 0x68,
    ]

    private func message(_ kind: UInt8, _ bytes: [UInt8], at time: UInt32 = 0) -> RTMPMessage {
        RTMPMessage(kind: kind, timestamp: time, stream: 1, payload: ByteBuffer(bytes: bytes))
    }

    private func packet(_ output: FLVPackets.Output?) -> EncodedPacket? { if case .packet(let packet) = output { packet } else { nil } }

    private func isNothing(_ output: FLVPackets.Output?) -> Bool { if case .none = output { true } else { false } }

    @Test func `the size and rate come from the parameter set, the offset is signed`() throws {
        var packets = FLVPackets()
        // Before the configuration nothing can be decoded.
        #expect(isNothing(try packets.consume(message(9, [0x17, 1, 0, 0, 0, 1]))))
        guard case .video(let video) = try packets.consume(message(9, [0x17, 0, 0, 0, 0] + Self.avc)) else {
            Issue.record("no parameters")
            return
        }
        #expect(video.width == 1280 && video.height == 720 && video.frameRate?.value == 30)
        let key = packet(try packets.consume(message(9, [0x17, 1, 0, 0, 40, 0xaa], at: 100)))
        #expect(key?.isKey == true && key?.dts.ticks == 9000 && key?.pts.ticks == 12_600)
        let back = packet(try packets.consume(message(9, [0x27, 1, 0xff, 0xff, 0xf6, 0xaa], at: 120)))
        #expect(back?.isKey == false && back?.pts.ticks == 9900)
        #expect(back?.payload == ByteBuffer(bytes: [0xaa]))
    }

    @Test func `the clock's wrap is not seen`() throws {
        var packets = FLVPackets()
        _ = try packets.consume(message(8, [0xaf, 0, 0x11, 0x90]))
        let times: [UInt32] = [.max - 10, 10, 31]
        let ticks = try times.map { packet(try packets.consume(message(8, [0xaf, 1, 0], at: $0)))?.dts.ticks }
        #expect(ticks == [Int64(UInt32.max) - 10, Int64(UInt32.max) + 11, Int64(UInt32.max) + 32].map { $0 * 90 })
    }

    @Test func `AAC and MP3 tell their rates`() throws {
        var packets = FLVPackets()
        #expect(isNothing(try packets.consume(message(8, [0xaf, 0]))))
        guard case .audio(let aac) = try packets.consume(message(8, [0xaf, 0, 0x11, 0x90])) else {
            Issue.record("no AAC")
            return
        }
        #expect(aac == AudioParameters(codec: .aac, sampleRate: 48_000, channels: 2, configuration: [0x11, 0x90]))
        guard case .audio(let mp3) = try packets.consume(message(8, [0x2f, 0xff, 0xfb, 0x90, 0x64])) else {
            Issue.record("no MP3")
            return
        }
        #expect(mp3 == AudioParameters(codec: .mp3, sampleRate: 44_100, channels: 2))
        #expect(packet(try packets.consume(message(8, [0x2f, 0xff, 0xfb, 0x90, 0x64])))?.track == .audio)
    }

    /// Object type 2, rate in full, stereo; then what follows, which must keep its place.
    @Test(
        arguments: [
            ([0x17, 0x80, 0x56, 0x22, 0x10], 44_100, [0x12, 0x10]), ([0x17, 0x80, 0x5d, 0xc0, 0x10], 48_000, [0x11, 0x90]),
            ([0x17, 0x80, 0x5b, 0xcc, 0x10], 47_000, [0x11, 0x90]), ([0x17, 0x80, 0x1f, 0x40, 0x08], 16_000, [0x14, 0x08]),
            ([0x17, 0x80, 0x56, 0x22, 0x10, 0x56, 0xe5, 0x00], 44_100, [0x12, 0x10, 0x56, 0xe5, 0x00]),
        ] as [([UInt8], Int, [UInt8])])
    func `AAC may give its rate in full`(sent: [UInt8], rate: Int, carried: [UInt8]) throws {
        var packets = FLVPackets()
        guard case .audio(let aac) = try packets.consume(message(8, [0xaf, 0] + sent)) else {
            Issue.record("no AAC")
            return
        }
        #expect(aac == AudioParameters(codec: .aac, sampleRate: rate, channels: carried[1] == 0x08 ? 1 : 2, configuration: carried))
        #expect(packet(try packets.consume(message(8, [0xaf, 1, 0x21])))?.track == .audio)
    }

    @Test func `AAC that no transport stream carries is left out, and said once`() throws {
        var packets = FLVPackets()
        // Object type 42 behind the escape: xHE-AAC.
        let message = message(8, [0xaf, 0, 0xf9, 0x46, 0x40])
        guard case .unsupported(let text) = try packets.consume(message) else {
            Issue.record("it was taken")
            return
        }
        #expect(text.contains("AAC object type 42"))
        #expect(isNothing(try packets.consume(message)))
    }

    @Test(arguments: [[0x17, 0x80, 0x56], [0x17, 0x80, 0, 0, 0x10], [0x16, 0x90], [UInt8](repeating: 0x12, count: 2000)] as [[UInt8]])
    func `an AAC configuration that cannot be read is an error`(sent: [UInt8]) {
        var packets = FLVPackets()
        #expect(throws: RTMPError.self) { try packets.consume(message(8, [0xaf, 0] + sent)) }
    }

    @Test func `enhanced RTMP carries HEVC; what is not carried is said once`() throws {
        var packets = FLVPackets()
        guard case .video(let hevc) = try packets.consume(message(9, [0x90] + Array("hvc1".utf8) + [1, 2, 3, 4, 5, 6, 7, 8])) else {
            Issue.record("no HEVC")
            return
        }
        #expect(hevc.codec == .hevc)
        let withoutOffset = packet(try packets.consume(message(9, [0x93] + Array("hvc1".utf8) + [9], at: 10)))
        #expect(withoutOffset?.isKey == true && withoutOffset?.pts == withoutOffset?.dts)
        let unknown = message(9, [0x90] + Array("vp09".utf8) + [1])
        guard case .unsupported = try packets.consume(unknown) else {
            Issue.record("VP9 was taken")
            return
        }
        #expect(isNothing(try packets.consume(unknown)))
    }

    @Test(arguments: [[0x17], [0x17, 1, 0], [0x90, 1], [0x17, 0, 0, 0, 0, 1]] as [[UInt8]])
    func `tags that are cut off are errors`(bytes: [UInt8]) {
        var packets = FLVPackets()
        #expect(throws: RTMPError.self) { try packets.consume(message(9, bytes)) }
    }

    @Test(
        arguments: [
            ("live", "cam", "cam", nil), ("live", "cam/key", "cam", "key"), ("stream", "cam?token=1", "cam", nil), ("cam", "", "cam", nil),
            ("cam", "key", "cam", "key"), ("live/cam", "key", "cam", "key"), ("", "cam", "cam", nil), ("/live/", "/cam/", "cam", nil),
            ("live", "../etc", nil, nil), ("live", "a/b/c", nil, nil), ("", "", nil, nil),
        ] as [(String, String, String?, String?)])
    func `all URL forms name the same stream`(app: String, name: String, stream: String?, key: String?) {
        let address = RTMPAddress(app: app, name: name)
        #expect(address?.stream.rawValue == stream)
        #expect(address?.key == key)
    }

    /// Enhanced RTMP v2: the first byte, whatever modifiers there are, four letters, the payload.
    @Test func `AV1 comes without delimiters and offsets`() throws {
        var packets = FLVPackets()
        guard case .video(let video) = try packets.consume(message(9, [0x90] + Array("av01".utf8) + [0x81, 0, 0x0c, 0])) else {
            Issue.record("no parameters")
            return
        }
        #expect(video.codec == .av1 && video.configuration == [0x81, 0, 0x0c, 0])
        let key = packet(try packets.consume(message(9, [0x91] + Array("av01".utf8) + [0x12, 0, 0x0a, 1, 7], at: 40)))
        #expect(key?.isKey == true && key?.pts.ticks == 3600 && key?.payload == ByteBuffer(bytes: [0x0a, 1, 7]))
        // A modifier of three bytes, the nanoseconds that a millisecond leaves out, goes before.
        let modified = packet(try packets.consume(message(9, [0xa7, 2, 1, 2, 3, 0x01] + Array("av01".utf8) + [0x32, 1, 7], at: 80)))
        #expect(modified?.isKey == false && modified?.payload == ByteBuffer(bytes: [0x32, 1, 7]))
        #expect(isNothing(try packets.consume(message(9, [0x92] + Array("av01".utf8)))))
        #expect(throws: RTMPError.self) { try packets.consume(message(9, [0x97, 200, 1, 2])) }
        #expect(throws: RTMPError.self) { try packets.consume(message(9, [0x91, 0x61, 0x76])) }
        #expect(throws: RTMPError.self) { try packets.consume(message(9, [0x90] + Array("av01".utf8) + [0x81])) }
    }

    @Test func `HEVC has an offset, unless its tag says that there is none`() throws {
        var packets = FLVPackets()
        _ = try packets.consume(message(9, [0x90] + Array("hvc1".utf8) + [1, 1, 0x60, 0, 0, 0, 0x90, 0]))
        let moved = packet(try packets.consume(message(9, [0x91] + Array("hvc1".utf8) + [0, 0, 40, 0xaa], at: 100)))
        #expect(moved?.dts.ticks == 9000 && moved?.pts.ticks == 12_600 && moved?.payload == ByteBuffer(bytes: [0xaa]))
        let straight = packet(try packets.consume(message(9, [0xa3] + Array("hvc1".utf8) + [0xaa], at: 140)))
        #expect(straight?.pts.ticks == 12_600 && straight?.payload == ByteBuffer(bytes: [0xaa]))
    }

    @Test func `Opus and AAC come in enhanced tags too`() throws {
        var packets = FLVPackets()
        let head = Array("OpusHead".utf8) + [1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]
        #expect(isNothing(try packets.consume(message(8, [0x91] + Array("Opus".utf8) + [1, 2]))))
        guard case .audio(let opus) = try packets.consume(message(8, [0x90] + Array("Opus".utf8) + head)) else {
            Issue.record("no Opus")
            return
        }
        #expect(opus == AudioParameters(codec: .opus, sampleRate: 48_000, channels: 2, configuration: head))
        #expect(
            packet(try packets.consume(message(8, [0x91] + Array("Opus".utf8) + [1, 2], at: 20)))?.payload == ByteBuffer(bytes: [1, 2]))
        guard case .audio(let aac) = try packets.consume(message(8, [0x90] + Array("mp4a".utf8) + [0x11, 0x90])) else {
            Issue.record("no AAC")
            return
        }
        #expect(aac.codec == .aac && aac.sampleRate == 48_000)
        #expect(throws: RTMPError.self) { try packets.consume(message(8, [0x90] + Array("Opus".utf8) + [1, 2, 3])) }
        guard case .unsupported(let words) = try packets.consume(message(8, [0x90] + Array("fLaC".utf8) + [1])) else {
            Issue.record("FLAC is carried?")
            return
        }
        #expect(words.contains("fLaC") && words.contains("Opus"))
        guard case .unsupported(let several) = try packets.consume(message(8, [0x95, 0x01])) else {
            Issue.record("several tracks are carried?")
            return
        }
        #expect(several.contains("one track"))
    }
}
