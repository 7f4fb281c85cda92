import NIOCore
import SluiceWire

/// A client's end of a session, without a socket.
struct RTMPPeer {
    var session = RTMPServerSession()
    private var reader = RTMPChunkReader()
    private(set) var events: [RTMPServerSession.Event] = []

    /// - Returns: what the server answered, without the handshake.
    mutating func shakeHands() throws {
        try feed([3] + [UInt8](repeating: 7, count: 1536))
        let answer = session.output
        session.output = ByteBuffer()
        guard answer.readableBytes == 3073, answer.getInteger(at: 0, as: UInt8.self) == 3,
            answer.getBytes(at: 1537, length: 1536) == [UInt8](repeating: 7, count: 1536)
        else { throw RTMPError("the handshake's answer is wrong") }
        try feed([UInt8](repeating: 8, count: 1536))
    }

    mutating func feed(_ bytes: [UInt8]) throws {
        var buffer = ByteBuffer(bytes: bytes)
        var new: [RTMPServerSession.Event] = []
        defer { events += new }
        try session.receive(&buffer) { new.append($0) }
    }

    mutating func resume() throws {
        var new: [RTMPServerSession.Event] = []
        defer { events += new }
        try session.resume { new.append($0) }
    }

    mutating func send(_ kind: UInt8, _ payload: ByteBuffer, stream: UInt32 = 0) throws {
        var bytes = ByteBuffer()
        let message = RTMPMessage(kind: kind, timestamp: 0, stream: stream, payload: payload)
        RTMPChunkWriter.write(message, chunkStream: 3, into: &bytes, chunkSize: 128)
        try feed(Array(bytes.readableBytesView))
    }

    mutating func command(_ values: AMF0...) throws {
        var payload = ByteBuffer()
        for value in values { value.encode(into: &payload) }
        try send(RTMPMessage.Kind.commandAMF0, payload)
    }

    mutating func connect(app: String = "live") throws {
        try command(.string("connect"), .number(1), .object([.init("app", .string(app)), .init("tcUrl", .string("rtmp://h/\(app)"))]))
    }

    /// All messages the server sent since the last call.
    mutating func answers() throws -> [RTMPMessage] {
        reader.feed(&session.output)
        session.output = ByteBuffer()
        var messages: [RTMPMessage] = []
        while let message = try reader.next() { messages.append(message) }
        return messages
    }

    /// The commands among `answers`: name, transaction, and the status code where there is one.
    mutating func commands() throws -> [String] {
        try answers().filter { $0.kind == RTMPMessage.Kind.commandAMF0 }.map { message in
            var payload = message.payload
            let values = try AMF0.decodeAll(&payload)
            let code = values.compactMap { $0["code"]?.string }.first
            return "\(values[0].string ?? "") \(Int(values[1].number ?? -1))" + (code.map { " \($0)" } ?? "")
        }
    }
}
