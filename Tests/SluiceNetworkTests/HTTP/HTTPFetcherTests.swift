import HTTPTypes
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import SluiceNetwork

/// Answers with the path, and knows how many connections it has seen.
private final class Echo: HTTPResponder {
    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        if request.head.path == "/never" { try await Task.sleep(for: .seconds(60)) }
        try await writer.send(.ok, headers: [.contentType: "text/plain"], body: ByteBuffer(string: request.head.path ?? ""))
    }
}

@Suite struct HTTPFetcherTests {
    @Test(arguments: [false, true])
    func fetchesOverBoth(_ tls: Bool) async throws {
        try await TestServer.serving(Echo(), tls: tls) { server in
            let fetcher = try HTTPFetcher(server.authority, group: MultiThreadedEventLoopGroup.singleton)
            for index in 0..<5 {
                let answer = try await fetcher.get("/\(index)", timeout: .seconds(10))
                #expect(answer.status == 200 && String(buffer: answer.body) == "/\(index)" && answer.isHTTP2 == tls)
                #expect(answer.arrival > 1_600_000_000_000_000_000)
            }
            await fetcher.close()
        }
    }

    @Test func severalAtOnce() async throws {
        try await TestServer.serving(Echo(), tls: false) { server in
            let fetcher = try HTTPFetcher(server.authority, group: MultiThreadedEventLoopGroup.singleton)
            let bodies = try await withThrowingTaskGroup(of: String.self) { tasks in
                for index in 0..<20 { tasks.addTask { String(buffer: try await fetcher.get("/\(index)", timeout: .seconds(10)).body) } }
                return try await tasks.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(bodies == Set((0..<20).map { "/\($0)" }))
            await fetcher.close()
        }
    }

    @Test(arguments: [false, true])
    func givesUpWhenNothingComes(_ tls: Bool) async throws {
        try await TestServer.serving(Echo(), tls: tls) { server in
            let fetcher = try HTTPFetcher(server.authority, group: MultiThreadedEventLoopGroup.singleton)
            await #expect(throws: HTTPFetcher.TooSlow.self) { try await fetcher.get("/never", timeout: .milliseconds(50)) }
            #expect(try await fetcher.get("/after", timeout: .seconds(10)).status == 200)
            await fetcher.close()
        }
    }

    @Test func takesNoMoreThanItWants() async throws {
        try await TestServer.serving(Echo(), tls: false) { server in
            let fetcher = try HTTPFetcher(server.authority, group: MultiThreadedEventLoopGroup.singleton)
            await #expect(throws: HTTPClientError.self) { try await fetcher.get("/1234567890", limit: 5, timeout: .seconds(10)) }
            await fetcher.close()
        }
    }

    @Test func nobodyThere() async throws {
        let fetcher = try HTTPFetcher(
            HTTPAuthority(isSecure: false, host: "127.0.0.1", port: 1), group: MultiThreadedEventLoopGroup.singleton)
        await #expect(throws: HTTPClientError.self) { try await fetcher.get("/", timeout: .seconds(10)) }
    }
}

@Suite struct WebAddressTests {
    @Test func takesURLsApart() throws {
        let address = try WebAddress("http://host:81/ll/a%20b/source.m3u8?key=1")
        #expect(address.authority == HTTPAuthority(isSecure: false, host: "host", port: 81))
        #expect(address.path == "/ll/a%20b/source.m3u8?key=1")
        #expect(try address.resolving("../c/1.m4s").path == "/ll/c/1.m4s")
        #expect(try address.resolving("1.m4s?x=2").description == "http://host:81/ll/a%20b/1.m4s?x=2")
        #expect(try address.resolving("https://other/x").authority.port == 443)
        #expect(address.asking("_HLS_msn=1").path == "/ll/a%20b/source.m3u8?key=1&_HLS_msn=1")
        #expect(try WebAddress("https://host").path == "/")
    }

    @Test(arguments: ["", "host", "ftp://host/a", "http://", "/ll/a.m3u8"])
    func refusesOthers(_ text: String) {
        #expect(throws: WebAddress.Malformed.self) { try WebAddress(text) }
    }

    @Test func takesStreamsApart() throws {
        let address = try RTMPClientAddress("rtmp://host/live/name/key?token=1")
        #expect(address.port == 1935 && address.app == "live/name" && address.name == "key?token=1")
        #expect(address.base == "rtmp://host:1935/live/name")
        #expect(try RTMPClientAddress("rtmp://[::1]:99/live/s").numbered(3).description == "rtmp://[::1]:99/live/s3")
        for text in ["rtmp://host", "rtmp://host/live", "http://host/live/a", "rtmp:///live/a"] {
            #expect(throws: RTMPClientAddress.Malformed.self) { try RTMPClientAddress(text) }
        }
    }
}
