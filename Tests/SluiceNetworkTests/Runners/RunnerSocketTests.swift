import Foundation
import NIOCore
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import Testing

@testable import SluiceNetwork

/// WebSockets through the proxy, as their bytes.
@Suite(.timeLimit(.minutes(1))) struct RunnerSocketTests {
    /// A connection that has asked for a WebSocket and reads bytes.
    struct Socket {
        /// Only the one task that was lent the connection reads: that is the proof.
        private final class Reader: @unchecked Sendable {
            var pieces: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
            var held = ByteBuffer()
            init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) { pieces = inbound.makeAsyncIterator() }
        }

        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private let reader: Reader

        static func opened<Result: Sendable>(
            _ port: Int, _ path: String, then early: [UInt8] = [], _ body: @escaping @Sendable (Socket) async throws -> Result
        ) async throws -> Result {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                let head = [
                    "GET \(path) HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                ].joined(separator: "\r\n")
                try await outbound.write(ByteBuffer(bytes: Array("\(head)\r\n\r\n".utf8) + early))
                return try await body(Socket(outbound: outbound, reader: Reader(inbound)))
            }
        }

        /// Up to and with the empty line.
        func head() async throws -> String {
            while true {
                let text = String(buffer: reader.held)
                if let end = text.range(of: "\r\n\r\n") {
                    reader.held.moveReaderIndex(forwardBy: text[..<end.upperBound].utf8.count)
                    return String(text[..<end.upperBound])
                }
                guard try await fill() else { return text }
            }
        }

        func fill() async throws -> Bool {
            guard let piece = try await reader.pieces.next() else { return false }
            reader.held.writeImmutableBuffer(piece)
            return true
        }

        func bytes(_ count: Int) async throws -> [UInt8] {
            while reader.held.readableBytes < count { guard try await fill() else { break } }
            return reader.held.readBytes(length: min(count, reader.held.readableBytes)) ?? []
        }

        func say(_ text: String) async throws { try await outbound.write(ByteBuffer(bytes: Self.frame(text))) }

        /// Masked with zeros, shorter than 126 bytes.
        static func frame(_ text: String) -> [UInt8] { [0x81, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0] + Array(text.utf8) }
    }

    private func door(
        capacity: Int = 1, tls: Bool = false, _ body: @escaping @Sendable (RunnerDoor, RunnerApp) async throws -> Void
    ) async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened(tls: tls) { door in
                try door.runner("s", at: app.url, mode: .singleShot, capacity: capacity)
                try door.runner("p", at: app.url)
                try await body(door, app)
            }
        }
    }

    @Test func framesPassBothWays() async throws {
        try await door { door, app in
            // The first frame comes with the request itself, which nobody should do, and which must not be lost.
            try await Socket.opened(door.port, "/apps/s/app/socket", then: Socket.frame("early")) { socket in
                let head = try await socket.head()
                #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
                #expect(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
                #expect(try await socket.bytes(7) == [0x81, 5] + Array("early".utf8))
                for number in 0..<100 {
                    try await socket.say("\(number)")
                    let text = Array("\(number)".utf8)
                    #expect(try await socket.bytes(2 + text.count) == [0x81, UInt8(text.count)] + text)
                }
                #expect(door.used("s") == 1)
            }
            try await door.until("its end is told, and frees the place") {
                try await app.number("/readers") == 0 && door.used("s") == 0
            }
        }
    }

    @Test func aClientThatGoesWithoutAFrameFreesItsPlace() async throws {
        try await door { door, _ in
            try await Socket.opened(door.port, "/apps/s/app/socket") { socket in
                _ = try await socket.head()
                #expect(door.used("s") == 1)
            }
            try await door.until("the place is free") { door.used("s") == 0 }
        }
    }

    @Test func aRunnerThatVanishesIsSaidToHave() async throws {
        try await door { door, _ in
            try await Socket.opened(door.port, "/apps/s/app/socket") { socket in
                _ = try await socket.head()
                try await socket.say("vanish")
                let close = try await socket.bytes(4)
                #expect(close[0] == 0x88 && Array(close[2...]) == [0x03, 0xf6], "1014 in a frame of ours")
                while try await socket.fill() {}
            }
            try await door.until("the place is free") { door.used("s") == 0 }
        }
    }

    @Test func theEndOfASessionClosesItsSocket() async throws {
        try await door { door, app in
            let session = try await door.reserve("p").path
            try await Socket.opened(door.port, "\(session)/app/socket") { socket in
                _ = try await socket.head()
                try await socket.say("x")
                _ = try await socket.bytes(3)
                #expect(try await door.ask("POST", "\(session)/stop").code == 204)
                let close = try await socket.bytes(4)
                #expect(close[0] == 0x88 && Array(close[2...]) == [0x03, 0xe9], "1001, with why")
                while try await socket.fill() {}
            }
            try await door.until("the app is told") { try await app.number("/readers") == 0 }
        }
    }

    @Test func oneThatWantsNoSocketAnswersAndCloses() async throws {
        try await door { door, _ in
            try await Socket.opened(door.port, "/apps/s/app/plain") { socket in
                let head = try await socket.head()
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.lowercased().contains("connection: close"))
                while try await socket.fill() {}
            }
            try await door.until("the place is free") { door.used("s") == 0 }
        }
    }

    @Test func refusedBeforeItBegins() async throws {
        try await door { door, _ in
            let held = try door.book.reserve("s", mode: .singleShot, isGuarded: false)
            try await Socket.opened(door.port, "/apps/s/app/socket") { socket in
                let head = try await socket.head()
                #expect(head.hasPrefix("HTTP/1.1 503 ") && head.lowercased().contains("connection: close"))
                while try await socket.fill() {}
            }
            door.book.release(held.id, .stopped)
        }
    }
}
