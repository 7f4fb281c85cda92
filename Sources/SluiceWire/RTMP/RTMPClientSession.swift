package import NIOCore

/// The publisher's or viewer's side of one RTMP connection, without a socket: bytes in, events out, bytes to send collected in `output`.
package struct RTMPClientSession {
    package enum Purpose: Hashable, Sendable {
        case publish, play
    }

    package enum Event: Sendable {
        /// The server has let us in: a publisher sends now.
        case accepted
        /// Audio, video or data of what is played.
        case media(RTMPMessage)
        case refused(String)
        /// The stream that was played is over.
        case ended
    }

    private enum Phase {
        case handshake, connecting, creating, asking, open, over
    }

    /// As servers ask it of us; see `RTMPServerSession`.
    private static let acknowledgementWindow: UInt32 = 2_500_000
    private static let connect = 1.0
    private static let createStream = 2.0

    private let purpose: Purpose
    private let app: String
    private let name: String
    private let address: String
    private var phase = Phase.handshake
    private var handshake = ByteBuffer()
    private var reader = RTMPChunkReader()
    private var stream: UInt32 = 0
    private var outputChunkSize = RTMPChunkWriter.initialChunkSize
    private var peerWindow = Self.acknowledgementWindow
    private var acknowledged: UInt32 = 0
    /// To be sent; the caller takes it.
    package var output = ByteBuffer()

    /// - Parameters:
    ///   - address: the whole URL without the stream's name, as servers want to hear it.
    ///   - name: the stream, below `app`.
    package init(_ purpose: Purpose, address: String, app: String, name: String) {
        self.purpose = purpose
        self.address = address
        self.app = app
        self.name = name
        // The plain handshake: its bytes prove nothing, so any will do.
        output.writeInteger(UInt8(3))
        output.writeRepeatingByte(0, count: RTMPHandshake.size)
    }

    package mutating func receive(_ bytes: inout ByteBuffer, each: (Event) throws -> Void) throws {
        if case .handshake = phase {
            handshake.writeBuffer(&bytes)
            guard handshake.readableBytes >= 1 + 2 * RTMPHandshake.size else { return }
            guard handshake.readInteger(as: UInt8.self) == 3 else { throw RTMPError("the server's first byte is no version 3") }
            guard let first = handshake.readSlice(length: RTMPHandshake.size) else { return }
            handshake.moveReaderIndex(forwardBy: RTMPHandshake.size)
            output.writeImmutableBuffer(first)
            phase = .connecting
            sayHello()
            bytes = handshake
            handshake = ByteBuffer()
        }
        reader.feed(&bytes)
        while let message = try reader.next() {
            if let event = try handle(message) { try each(event) }
        }
        guard reader.received &- acknowledged >= peerWindow / 2 else { return }
        acknowledged = reader.received
        send(RTMPMessage(kind: RTMPMessage.Kind.acknowledgement, payload: ByteBuffer(integer: reader.received)), on: 2)
    }

    /// Audio, video and data of a publisher that was accepted; their `stream` is filled in.
    package mutating func publish(_ message: RTMPMessage) {
        guard case .open = phase, purpose == .publish else { return }
        var message = message
        message.stream = stream
        send(message, on: message.kind == RTMPMessage.Kind.video ? 6 : 4)
    }

    /// The goodbye of a publisher or viewer.
    package mutating func finish() {
        guard case .open = phase else { return }
        if purpose == .publish { command("FCUnpublish", [.number(5), .null, .string(name)]) }
        command("deleteStream", [.number(6), .null, .number(Double(stream))])
        phase = .over
    }

    private mutating func sayHello() {
        send(RTMPMessage(kind: RTMPMessage.Kind.setChunkSize, payload: ByteBuffer(integer: UInt32(RTMPChunkWriter.chunkSize))), on: 2)
        outputChunkSize = RTMPChunkWriter.chunkSize
        command(
            "connect",
            [
                .number(Self.connect),
                .object([
                    .init("app", .string(app)), .init("type", .string("nonprivate")),
                    .init("flashVer", .string("FMLE/3.0 (compatible; sluice)")),
                    .init("tcUrl", .string(address)),
                ]),
            ])
    }

    private mutating func handle(_ message: RTMPMessage) throws(RTMPError) -> Event? {
        var payload = message.payload
        switch message.kind {
        case RTMPMessage.Kind.windowAcknowledgementSize:
            if let window = payload.readInteger(as: UInt32.self), window > 0 { peerWindow = window }
        case RTMPMessage.Kind.userControl:
            switch payload.readInteger(as: UInt16.self) {
            // A ping; the answer is 7 with the same time.
            case 6:
                var answer = ByteBuffer(integer: UInt16(7))
                answer.writeImmutableBuffer(payload)
                send(RTMPMessage(kind: RTMPMessage.Kind.userControl, payload: answer), on: 2)
            // The stream is over.
            case 1: return end()
            default: break
            }
        case RTMPMessage.Kind.commandAMF0, RTMPMessage.Kind.commandAMF3:
            if message.kind == RTMPMessage.Kind.commandAMF3 { payload.moveReaderIndex(forwardBy: min(1, payload.readableBytes)) }
            return try command(try AMF0.decodeAll(&payload))
        case RTMPMessage.Kind.audio, RTMPMessage.Kind.video, RTMPMessage.Kind.dataAMF0:
            if purpose == .play, message.payload.readableBytes > 0 { return .media(message) }
        default: break
        }
        return nil
    }

    private mutating func end() -> Event? {
        guard purpose == .play, case .open = phase else { return nil }
        phase = .over
        return .ended
    }

    private mutating func command(_ values: [AMF0]) throws(RTMPError) -> Event? {
        guard let name = values.first?.string else { throw RTMPError("a command without a name") }
        let transaction = values.count > 1 ? values[1].number ?? 0 : 0
        switch (name, phase) {
        case ("_result", .connecting) where transaction == Self.connect:
            if purpose == .publish {
                command("releaseStream", [.number(3), .null, .string(self.name)])
                command("FCPublish", [.number(4), .null, .string(self.name)])
            }
            command("createStream", [.number(Self.createStream), .null])
            phase = .creating
        case ("_result", .creating) where transaction == Self.createStream:
            guard values.count > 3, let number = values[3].number, number >= 0, number <= Double(UInt32.max) else {
                throw RTMPError("createStream was answered without a stream")
            }
            stream = UInt32(number)
            phase = .asking
            switch purpose {
            case .publish: command("publish", [.number(0), .null, .string(self.name), .string("live")], stream: stream)
            // -2000: live or recorded; a start of -1 would make some servers wait for a publisher.
            case .play: command("play", [.number(0), .null, .string(self.name), .number(-2000)], stream: stream)
            }
        case ("_error", .connecting), ("_error", .creating):
            // What was only asked to please old servers may fail.
            guard transaction <= Self.createStream else { return nil }
            phase = .over
            return .refused(Self.reason(values))
        case ("onStatus", _): return status(values)
        default: break
        }
        return nil
    }

    private mutating func status(_ values: [AMF0]) -> Event? {
        let object = values.last
        let code = object?["code"]?.string ?? ""
        if object?["level"]?.string == "error" {
            phase = .over
            return .refused(Self.reason(values))
        }
        switch (code, phase) {
        case ("NetStream.Publish.Start", .asking), ("NetStream.Play.Start", .asking):
            phase = .open
            return .accepted
        case ("NetStream.Play.UnpublishNotify", _), ("NetStream.Play.Stop", _), ("NetStream.Play.Complete", _): return end()
        default: return nil
        }
    }

    private static func reason(_ values: [AMF0]) -> String {
        let object = values.last
        return [object?["code"]?.string, object?["description"]?.string].compactMap(\.self).joined(separator: ": ")
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
}
