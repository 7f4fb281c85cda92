package import NIOCore

/// The server's side of one RTMP connection, without a socket: bytes in, events out, bytes to send collected in `output`.
///
/// Order: handshake, `connect`, `createStream`, then `publish` or `play`. A publish or play waits for `accept` or `refuse`.
package struct RTMPServerSession {
    package enum Event: Sendable {
        case publish(app: String, name: String)
        case play(app: String, name: String)
        /// Audio, video or data of the accepted publisher.
        case media(RTMPMessage)
        /// The publisher or viewer said that it is done.
        case finished
    }

    private enum Phase {
        case handshakeC0C1
        case handshakeC2
        case connecting
        case connected(app: String)
        case asking(app: String, isPublish: Bool)
        case publishing
        case playing
        case ended
    }

    /// How much we let a peer send before it must have heard from us, and ask it to do alike.
    private static let acknowledgementWindow: UInt32 = 2_500_000
    /// The one message stream we hand out.
    package static let messageStream: UInt32 = 1

    private var phase = Phase.handshakeC0C1
    private var handshake = ByteBuffer()
    private let limits: RTMPChunkReader.Limits
    private var reader: RTMPChunkReader
    private var outputChunkSize = RTMPChunkWriter.initialChunkSize
    /// The peer's own wish, or ours until it says one.
    private var peerWindow = Self.acknowledgementWindow
    private var acknowledged: UInt32 = 0
    /// `tcUrl` of the connect command: the URL the peer has connected to, without the stream's name.
    package private(set) var connectURL: String?
    /// To be sent; the caller takes it.
    package var output = ByteBuffer()

    package init(limits: RTMPChunkReader.Limits = .init()) {
        self.limits = limits
        reader = RTMPChunkReader(limits: limits)
        reader.largestMessage = limits.largestCommand
    }

    package var isHandshaken: Bool {
        switch phase {
        case .handshakeC0C1, .handshakeC2: false
        default: true
        }
    }

    package mutating func receive(_ bytes: inout ByteBuffer, each: (Event) throws -> Void) throws {
        if !isHandshaken {
            handshake.writeBuffer(&bytes)
            guard try shakeHands() else { return }
            var rest = handshake
            handshake = ByteBuffer()
            reader.feed(&rest)
        } else {
            reader.feed(&bytes)
        }
        try resume(each: each)
    }

    /// Goes on with bytes that came while a publish or play was being decided. Call after `accept`.
    package mutating func resume(each: (Event) throws -> Void) throws {
        while !isAsking, let message = try reader.next() {
            if let event = try handle(message) { try each(event) }
        }
        acknowledge()
    }

    /// Whether a publish or play awaits `accept` or `refuse`: stop reading from the peer meanwhile.
    package var isAsking: Bool { if case .asking = phase { true } else { false } }

    /// - Returns: whether the handshake is over.
    private mutating func shakeHands() throws(RTMPError) -> Bool {
        if case .handshakeC0C1 = phase {
            if let version = handshake.getInteger(at: handshake.readerIndex, as: UInt8.self), version != 3 {
                throw RTMPError("the first byte is \(version), not the version 3: this is no RTMP")
            }
            guard handshake.readableBytes >= 1 + RTMPHandshake.size else { return false }
            handshake.moveReaderIndex(forwardBy: 1)
            guard let first = handshake.readBytes(length: RTMPHandshake.size) else { return false }
            let random: [UInt8]
            do { random = try Secrets.random(RTMPHandshake.randomCount) } catch { throw RTMPError("no handshake: \(error)") }
            output.writeBytes(RTMPHandshake.answer(to: first, random: random))
            phase = .handshakeC2
        }
        // C2 proves nothing that we ask for: encoders get it wrong, and nobody is let in for it.
        guard handshake.readableBytes >= RTMPHandshake.size else { return false }
        handshake.moveReaderIndex(forwardBy: RTMPHandshake.size)
        phase = .connecting
        return true
    }

    private mutating func handle(_ message: RTMPMessage) throws(RTMPError) -> Event? {
        var payload = message.payload
        switch message.kind {
        case RTMPMessage.Kind.windowAcknowledgementSize:
            if let window = payload.readInteger(as: UInt32.self), window > 0 { peerWindow = window }
        case RTMPMessage.Kind.userControl:
            // Event 6 is a ping; the answer is 7 with the same time.
            if payload.readInteger(as: UInt16.self) == 6, let time = payload.readInteger(as: UInt32.self) {
                var answer = ByteBuffer(integer: UInt16(7))
                answer.writeInteger(time)
                send(RTMPMessage(kind: RTMPMessage.Kind.userControl, payload: answer), on: 2)
            }
        case RTMPMessage.Kind.commandAMF0, RTMPMessage.Kind.commandAMF3:
            if message.kind == RTMPMessage.Kind.commandAMF3 { payload.moveReaderIndex(forwardBy: min(1, payload.readableBytes)) }
            return try command(try AMF0.decodeAll(&payload))
        case RTMPMessage.Kind.audio, RTMPMessage.Kind.video, RTMPMessage.Kind.dataAMF0:
            if case .publishing = phase { return .media(message) }
        default: break
        }
        return nil
    }

    private mutating func command(_ values: [AMF0]) throws(RTMPError) -> Event? {
        guard let name = values.first?.string else { throw RTMPError("a command without a name") }
        let transaction = values.count > 1 ? values[1].number ?? 0 : 0
        func argument(_ index: Int) -> AMF0? { values.count > index ? values[index] : nil }
        switch (name, phase) {
        case ("connect", .connecting):
            guard let app = argument(2)?["app"]?.string else { throw RTMPError("connect names no app") }
            connectURL = argument(2)?["tcUrl"]?.string
            welcome(transaction)
            phase = .connected(app: app)
        case ("connect", _): throw RTMPError("connect came a second time, or before the handshake")
        case ("createStream", .connected):
            command("_result", [.number(transaction), .null, .number(Double(Self.messageStream))])
        case ("publish", .connected(let app)):
            phase = .asking(app: app, isPublish: true)
            return .publish(app: app, name: argument(3)?.string ?? "")
        case ("play", .connected(let app)):
            phase = .asking(app: app, isPublish: false)
            return .play(app: app, name: argument(3)?.string ?? "")
        case ("publish", _), ("play", _): throw RTMPError("\(name) came before connect, or twice, or after the stream ended")
        case ("deleteStream", .publishing), ("closeStream", .publishing), ("FCUnpublish", .publishing),
            ("deleteStream", .playing), ("closeStream", .playing):
            phase = .ended
            return .finished
        case ("createStream", .connecting): throw RTMPError("createStream came before connect")
        case ("releaseStream", _), ("FCPublish", _), ("getStreamLength", _), ("_checkbw", _), ("FCSubscribe", _):
            command("_result", [.number(transaction), .null, .null])
        case ("FCUnpublish", _), ("deleteStream", _), ("closeStream", _), ("_result", _), ("_error", _), ("onStatus", _),
            ("pause", _), ("seek", _), ("receiveAudio", _), ("receiveVideo", _):
            break
        default:
            guard transaction > 0 else { break }
            command(
                "_error",
                [
                    .number(transaction), .null,
                    .object([
                        .init("level", .string("error")), .init("code", .string("NetConnection.Call.Failed")),
                        .init("description", .string("'\(name.prefix(64))' is not known here")),
                    ]),
                ])
        }
        return nil
    }

    /// The publisher or viewer may go on.
    package mutating func accept() {
        guard case .asking(_, let isPublish) = phase else { return }
        if isPublish {
            phase = .publishing
            reader.largestMessage = limits.largestMessage
            status("status", "NetStream.Publish.Start", "publishing")
        } else {
            phase = .playing
            // User control event 0: the stream begins.
            var begin = ByteBuffer(integer: UInt16(0))
            begin.writeInteger(Self.messageStream)
            send(RTMPMessage(kind: RTMPMessage.Kind.userControl, payload: begin), on: 2)
            status("status", "NetStream.Play.Reset", "playing")
            status("status", "NetStream.Play.Start", "playing")
        }
    }

    /// What tells any viewer that the stream is over. Close the connection after sending.
    package static func endOfPlay() -> ByteBuffer {
        var session = Self()
        session.outputChunkSize = RTMPChunkWriter.chunkSize
        session.status("status", "NetStream.Play.UnpublishNotify", "the publisher has gone")
        session.status("status", "NetStream.Play.Stop", "the publisher has gone")
        // User control event 1: the stream is over.
        var end = ByteBuffer(integer: UInt16(1))
        end.writeInteger(messageStream)
        session.send(RTMPMessage(kind: RTMPMessage.Kind.userControl, payload: end), on: 2)
        return session.output
    }

    /// - Parameter code: e.g. `NetStream.Publish.BadName`. Close the connection after sending.
    package mutating func refuse(code: String, _ reason: String) {
        status("error", code, reason)
        phase = .ended
    }

    private mutating func welcome(_ transaction: Double) {
        send(RTMPMessage(kind: RTMPMessage.Kind.windowAcknowledgementSize, payload: ByteBuffer(integer: Self.acknowledgementWindow)), on: 2)
        var bandwidth = ByteBuffer(integer: Self.acknowledgementWindow)
        bandwidth.writeInteger(UInt8(2))
        send(RTMPMessage(kind: RTMPMessage.Kind.setPeerBandwidth, payload: bandwidth), on: 2)
        let size = ByteBuffer(integer: UInt32(RTMPChunkWriter.chunkSize))
        send(RTMPMessage(kind: RTMPMessage.Kind.setChunkSize, payload: size), on: 2)
        outputChunkSize = RTMPChunkWriter.chunkSize
        command(
            "_result",
            [
                .number(transaction),
                .object([.init("fmsVer", .string("FMS/3,5,7,7009")), .init("capabilities", .number(31))]),
                .object([
                    .init("level", .string("status")), .init("code", .string("NetConnection.Connect.Success")),
                    .init("description", .string("connected")), .init("objectEncoding", .number(0)),
                ]),
            ])
    }

    private mutating func status(_ level: String, _ code: String, _ description: String) {
        command(
            "onStatus",
            [
                .number(0), .null,
                .object([
                    .init("level", .string(level)), .init("code", .string(code)), .init("description", .string(description)),
                ]),
            ], stream: Self.messageStream)
    }

    private mutating func command(_ name: String, _ arguments: [AMF0], stream: UInt32 = 0) {
        var payload = ByteBuffer()
        AMF0.string(name).encode(into: &payload)
        for argument in arguments { argument.encode(into: &payload) }
        send(RTMPMessage(kind: RTMPMessage.Kind.commandAMF0, stream: stream, payload: payload), on: 3)
    }

    private mutating func send(_ message: RTMPMessage, on chunkStream: UInt8) {
        RTMPChunkWriter.write(message, chunkStream: chunkStream, into: &output, chunkSize: outputChunkSize)
    }

    /// Tells the peer how far we are, twice per window.
    private mutating func acknowledge() {
        guard reader.received &- acknowledged >= peerWindow / 2 else { return }
        acknowledged = reader.received
        send(RTMPMessage(kind: RTMPMessage.Kind.acknowledgement, payload: ByteBuffer(integer: reader.received)), on: 2)
    }
}
