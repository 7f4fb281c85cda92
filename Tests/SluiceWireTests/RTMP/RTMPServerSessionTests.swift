import NIOCore
import SluiceWire
import Testing

@Suite struct RTMPServerSessionTests {
    /// The order in which each program speaks, after connect.
    enum Publisher: CaseIterable {
        case ffmpeg, obs, gstreamer

        var script: [[AMF0]] {
            let release: [AMF0] = [.string("releaseStream"), .number(2), .null, .string("cam")]
            let announce: [AMF0] = [.string("FCPublish"), .number(3), .null, .string("cam")]
            let create: [AMF0] = [.string("createStream"), .number(4), .null]
            let check: [AMF0] = [.string("_checkbw"), .number(5), .null]
            let publish: [AMF0] = [.string("publish"), .number(self == .gstreamer ? 0 : 6), .null, .string("cam"), .string("live")]
            return switch self {
            case .ffmpeg: [release, announce, create, check, publish]
            case .obs: [release, announce, create, publish]
            case .gstreamer: [create, release, announce, publish]
            }
        }
    }

    @Test(arguments: Publisher.allCases)
    func `a publisher's commands in its own order lead to its media`(_ publisher: Publisher) throws {
        var peer = RTMPPeer()
        try peer.shakeHands()
        try peer.connect()
        var kinds = try peer.answers().map(\.kind)
        // Set Chunk Size, between the two, is obeyed by the reader.
        #expect(kinds == [5, 6, 20])
        for values in publisher.script {
            var payload = ByteBuffer()
            for value in values { value.encode(into: &payload) }
            try peer.send(RTMPMessage.Kind.commandAMF0, payload)
        }
        #expect(try peer.commands().allSatisfy { $0.hasPrefix("_result") })
        guard case .publish("live", "cam") = peer.events.first, peer.events.count == 1 else {
            Issue.record("\(peer.events)")
            return
        }
        // Media that does not wait for the answer is kept for after it.
        try peer.send(RTMPMessage.Kind.video, ByteBuffer(bytes: [0x17, 0, 0, 0, 0]), stream: 1)
        #expect(peer.events.count == 1 && peer.session.isAsking)
        peer.session.accept()
        try peer.resume()
        #expect(try peer.commands() == ["onStatus 0 NetStream.Publish.Start"])
        guard case .media = peer.events.last else {
            Issue.record("\(peer.events)")
            return
        }
        try peer.command(.string("FCUnpublish"), .number(7), .null, .string("cam"))
        guard case .finished = peer.events.last else {
            Issue.record("\(peer.events)")
            return
        }
        kinds = try peer.answers().map(\.kind)
        #expect(kinds.isEmpty)
    }

    @Test func `a viewer is asked about and told`() throws {
        var peer = RTMPPeer()
        try peer.shakeHands()
        try peer.connect(app: "live/cam")
        try peer.command(.string("createStream"), .number(2), .null)
        try peer.command(.string("play"), .number(3), .null, .string("key"))
        guard case .play("live/cam", "key") = peer.events.last else {
            Issue.record("\(peer.events)")
            return
        }
        _ = try peer.answers()
        peer.session.accept()
        #expect(try peer.commands() == ["onStatus 0 NetStream.Play.Reset", "onStatus 0 NetStream.Play.Start"])
    }

    @Test func `a refusal carries its code`() throws {
        var peer = RTMPPeer()
        try peer.shakeHands()
        try peer.connect()
        try peer.command(.string("publish"), .number(3), .null, .string("cam"))
        _ = try peer.answers()
        peer.session.refuse(code: "NetStream.Publish.BadName", "taken")
        #expect(try peer.commands() == ["onStatus 0 NetStream.Publish.BadName"])
    }

    @Test func `what comes out of order is named`() throws {
        var early = RTMPPeer()
        try early.shakeHands()
        let publish = #expect(throws: RTMPError.self) { try early.command(.string("publish"), .number(1), .null, .string("cam")) }
        #expect(publish?.what.hasPrefix("publish came before connect") == true)
        var twice = RTMPPeer()
        try twice.shakeHands()
        try twice.connect()
        #expect(throws: RTMPError.self) { try twice.connect() }
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}"])
    func `garbage before the handshake is refused with its first byte`(text: String) {
        var peer = RTMPPeer()
        let error = #expect(throws: RTMPError.self) { try peer.feed(Array(text.utf8)) }
        #expect(error?.what.contains("not the version 3") == true)
    }

    @Test func `pings, acknowledgements and unknown commands are answered`() throws {
        var peer = RTMPPeer()
        try peer.shakeHands()
        try peer.connect()
        _ = try peer.answers()
        try peer.send(RTMPMessage.Kind.userControl, ByteBuffer(bytes: [0, 6, 0, 0, 0, 42]))
        #expect(try peer.answers().map { Array($0.payload.readableBytesView) } == [[0, 7, 0, 0, 0, 42]])
        try peer.command(.string("makeTea"), .number(9), .null)
        #expect(try peer.commands() == ["_error 9 NetConnection.Call.Failed"])
        try peer.send(RTMPMessage.Kind.windowAcknowledgementSize, ByteBuffer(integer: UInt32(1000)))
        _ = try peer.answers()
        try peer.send(RTMPMessage.Kind.dataAMF0, ByteBuffer(repeating: 0, count: 2000))
        #expect(try peer.answers().map(\.kind) == [RTMPMessage.Kind.acknowledgement])
    }
}
