import NIOCore
import NIOPosix

@testable import SluiceNetwork

/// An HTTP/1.1 peer that writes what it is told, byte for byte, and reads one answer.
struct RawTrickle: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// One answer, its framing undone.
    struct Answer: Sendable, CustomStringConvertible {
        var status = ""
        var headers: [String: String] = [:]
        var body = ""
        var trailers: [String: String] = [:]
        /// The connection ended before the answer did.
        var isBroken = false

        var code: Int { status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }
        subscript(name: String) -> String? { headers[name.lowercased()] }
        var description: String { "\(status) \(headers) \(body)" }
    }

    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let reader: Reader

    /// Only the one task that was lent the connection reads: that is the proof.
    private final class Reader: @unchecked Sendable {
        private var pieces: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private var text = ""

        init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) { pieces = inbound.makeAsyncIterator() }

        private func fill() async throws -> Bool {
            guard let piece = try await pieces.next() else { return false }
            text += String(buffer: piece)
            return true
        }

        func line() async throws -> String? {
            while true {
                if let end = text.utf8.firstIndex(of: 10) {
                    defer { text = String(text[text.utf8.index(after: end)...]) }
                    return String(text[..<end].filter { $0 != "\r" })
                }
                guard try await fill() else { return nil }
            }
        }

        func bytes(_ count: Int) async throws -> String? {
            while text.utf8.count < count { guard try await fill() else { return nil } }
            let end = text.utf8.index(text.startIndex, offsetBy: count)
            defer { text = String(text[end...]) }
            return String(text[..<end])
        }

        func fields() async throws -> [String: String]? {
            var fields: [String: String] = [:]
            while let line = try await line() {
                if line.isEmpty { return fields }
                let parts = line.split(separator: ":", maxSplits: 1)
                fields[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
            }
            return nil
        }
    }

    static func connected<Result: Sendable>(
        to port: Int, receiveBuffer: Int? = nil, _ body: @escaping @Sendable (RawTrickle) async throws -> Result
    ) async throws -> Result {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer {
            // It takes only what it is asked for.
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(RawTrickle(outbound: outbound, reader: Reader(inbound)))
        }
    }

    /// One request on a connection of its own.
    static func ask(_ port: Int, _ text: String, isHead: Bool = false) async throws -> Answer {
        try await connected(to: port) { raw in
            try await raw.say(text)
            return try await raw.answer(isHead: isHead)
        }
    }

    func say(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func say(chunk: String) async throws { try await say("\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n") }
    func endBody() async throws { try await say("0\r\n\r\n") }

    /// - Returns: with a status and nothing more when the peer just closed.
    func answer(isHead: Bool = false) async throws -> Answer {
        var answer = try await head()
        guard !answer.isBroken, !isHead else { return answer }
        if answer["transfer-encoding"] == "chunked" {
            while let piece = try await chunk() {
                if piece.isEmpty {
                    guard let trailers = try await reader.fields() else { break }
                    answer.trailers = trailers
                    return answer
                }
                answer.body += piece
            }
            answer.isBroken = true
        } else if let length = answer["content-length"].flatMap({ Int($0) }) {
            let body = try await reader.bytes(length)
            answer.isBroken = body == nil
            answer.body = body ?? ""
        }
        return answer
    }

    func head() async throws -> Answer {
        var answer = Answer()
        while let status = try await reader.line() {
            guard let headers = try await reader.fields() else { break }
            if status.hasPrefix("HTTP/1.1 1") { continue }
            (answer.status, answer.headers) = (status, headers)
            return answer
        }
        answer.isBroken = true
        return answer
    }

    /// Waits for an interim answer.
    func interim() async throws {
        guard let status = try await reader.line(), status == "HTTP/1.1 100 Continue", try await reader.fields() == [:] else {
            throw ChannelError.inputClosed
        }
    }

    /// - Returns: empty at the end of the body, `nil` when the connection ended.
    func chunk() async throws -> String? {
        guard let size = try await reader.line().flatMap({ Int($0, radix: 16) }) else { return nil }
        if size == 0 { return "" }
        guard let piece = try await reader.bytes(size), try await reader.line() != nil else { return nil }
        return piece
    }

    /// Nothing more comes on this connection, and it ends.
    func isClosed() async throws -> Bool { try await reader.line() == nil }
}
