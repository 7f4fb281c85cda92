import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceNetwork

/// A stream whose next part is there when the test says so.
private final class Source: LowLatencySource {
    struct State {
        var waiting: [Waiter] = []
        var hasWaited: [@Sendable (Int) -> Void] = []
    }

    let state = Mutex(State())
    let giveUpAfter: Duration
    /// One for each wait that was given up.
    let cancels: AsyncStream<Void>
    private let cancelled: AsyncStream<Void>.Continuation

    init(giveUpAfter: Duration = .seconds(60)) {
        self.giveUpAfter = giveUpAfter
        (cancels, cancelled) = AsyncStream.makeStream()
    }

    static func content(_ text: String, kind: LowLatencyContent.Kind = .media) -> LowLatencyContent {
        LowLatencyContent(
            kind: kind, pieces: text.split(separator: "|").map { ByteBuffer(string: String($0)) }, targetDuration: .seconds(2))
    }

    func lowLatency(_ request: LowLatencyRequest, of stream: StreamID, waiter: Waiter) -> LowLatencyAnswer {
        switch request {
        case .multivariant: return .found(Self.content("#EXTM3U", kind: .playlist))
        case .segment: return .found(Self.content("01234|56789"))
        case .initialization: return .gone
        case .part(_, 7), .playlist:
            let watchers = state.withLock { state in
                state.waiting.append(waiter)
                return (state.hasWaited, state.waiting.count)
            }
            for watcher in watchers.0 { watcher(watchers.1) }
            return .waiting(giveUpAfter: giveUpAfter) { self.cancelled.yield() }
        case .part: return .unknown
        }
    }

    /// Returns once so many wait.
    func waiting(_ count: Int) async {
        let (events, event) = AsyncStream.makeStream(of: Int.self)
        let already = state.withLock { state in
            state.hasWaited.append { event.yield($0) }
            return state.waiting.count
        }
        if already >= count { return }
        for await number in events where number >= count { return }
    }

    func release(_ text: String) {
        for waiter in state.withLock({ $0.waiting }) {
            waiter.room.deliver(.found(Self.content(text, kind: .blockedPlaylist)), to: [waiter.ticket])
        }
    }
}

@Suite struct LowLatencyEndpointTests {
    private struct Answer: Sendable {
        var status: Int
        var headers: HTTPFields
        var body: String
    }

    private func ask(
        _ server: TestServer, _ path: String, _ method: HTTPRequest.Method = .get, _ headers: HTTPFields = [:]
    ) async throws -> Answer {
        let client = try server.client()
        var head = server.head(method, path)
        head.headerFields = headers
        let answer = try await client.exchange(head) { head, body in
            Answer(status: head.status.code, headers: head.headerFields, body: String(buffer: try await body.collect(upTo: 1 << 20)))
        }
        await client.close()
        return answer
    }

    @Test(arguments: [false, true]) func answersWhatIsThere(tls: Bool) async throws {
        let source = Source()
        try await TestServer.serving(GatedResponder(), direct: LowLatencyEndpoint(source: source), tls: tls) { server in
            let multivariant = try await ask(server, "/ll/a.m3u8")
            #expect(multivariant.status == 200 && multivariant.body == "#EXTM3U")
            #expect(multivariant.headers[.cacheControl] == "public, max-age=1")
            let segment = try await ask(server, "/ll/a/source/segment-3.m4s")
            #expect(segment.body == "0123456789")
            #expect(segment.headers[.cacheControl] == "public, max-age=86400, immutable")
            let range = try await ask(server, "/ll/a/source/segment-3.m4s", .get, [.range: "bytes=3-6"])
            #expect(range.status == 206 && range.body == "3456")
            #expect(range.headers[.contentRange] == "bytes 3-6/10")
            #expect(try await ask(server, "/ll/a/source/segment-3.m4s", .get, [.range: "bytes=10-"]).status == 416)
            let head = try await ask(server, "/ll/a/source/segment-3.m4s", .head)
            #expect(head.headers[.contentLength] == "10" && head.body == "")
            #expect(try await ask(server, "/ll/a/source/init-1.mp4").status == 410)
            #expect(try await ask(server, "/ll/a/source/part-8.m4s").status == 404)
            #expect(try await ask(server, "/ll/a/source/../b.m3u8").status == 404)
            #expect(try await ask(server, "/ll/a/source.m3u8?_HLS_msn=-1").status == 400)
            #expect(try await ask(server, "/ll/a.m3u8", .post).status == 405)
            #expect(try await ask(server, "/ll/a.m3u8", .options).status == 204)
            // What is not below /ll/ goes to the server's own responder.
            #expect(try await ask(server, "/trailers").body == "body")
        }
    }

    @Test(arguments: [false, true]) func whoComesEarlyWaits(tls: Bool) async throws {
        let source = Source()
        try await TestServer.serving(GatedResponder(), direct: LowLatencyEndpoint(source: source), tls: tls) { server in
            try await withThrowingTaskGroup(of: Answer.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await ask(server, number % 2 == 0 ? "/ll/a/source.m3u8?_HLS_msn=7&_HLS_part=1" : "/ll/a/source/part-7.m4s")
                    }
                }
                await source.waiting(20)
                source.release("here")
                for try await answer in group {
                    #expect(answer.status == 200 && answer.body == "here")
                    #expect(answer.headers[.cacheControl] == "public, max-age=12")
                }
            }
        }
    }

    @Test func whatDoesNotComeIsGivenUp() async throws {
        let source = Source(giveUpAfter: .milliseconds(1))
        try await TestServer.serving(GatedResponder(), direct: LowLatencyEndpoint(source: source), tls: false) { server in
            let answer = try await ask(server, "/ll/a/source/part-7.m4s")
            #expect(answer.status == 503)
            #expect(answer.headers[.retryAfter] == "1")
        }
        for await _ in source.cancels { break }
    }

    @Test func whoGoesAwayWaitsNoLonger() async throws {
        let source = Source()
        try await TestServer.serving(GatedResponder(), direct: LowLatencyEndpoint(source: source), tls: false) { server in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await ask(server, "/ll/a/source/part-7.m4s") }
                await source.waiting(1)
                group.cancelAll()
                for await _ in source.cancels { break }
            }
        }
    }

    @Test func aConnectionGoesOnAfterAWait() async throws {
        let source = Source()
        try await TestServer.serving(GatedResponder(), direct: LowLatencyEndpoint(source: source), tls: false) { server in
            let one = "GET /ll/a/source/part-7.m4s HTTP/1.1\r\nHost: a\r\n\r\n"
            let two = "GET /ll/a.m3u8 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            async let heard = RawPeer.talk(to: server.port, one + two)
            await source.waiting(1)
            source.release("here")
            let text = try await heard
            #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
            #expect(text.contains("here") && text.hasSuffix("#EXTM3U"))
        }
    }
}
