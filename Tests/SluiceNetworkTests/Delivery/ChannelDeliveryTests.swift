import HTTPTypes
import NIOCore
import NIOPosix
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(1))) struct ChannelDeliveryTests {
    /// Knows one token, which is for one stream.
    private struct OneToken: ViewerGate {
        var isOpen = false

        func known(_ request: ViewRequest) -> ViewVerdict? {
            // Only asking tells.
            guard request.token != "asked" else { return nil }
            guard let token = request.token else { return .unknown("a token is needed") }
            return token == "good" && request.stream.rawValue == "cam-out" ? .allowed : .denied("not for \(request.url)")
        }

        func ask(_ request: ViewRequest) async -> ViewVerdict { known(request) ?? .allowed }
    }

    private func serving(_ gate: OneToken, _ body: (TestServer) async throws -> Void) async throws {
        let table = TrickleTable(registry: MetricRegistry(), logger: TestServer.quiet)
        try table.create("cam-out", contentType: "video/MP2T")
        let publisher = TrickleLocalPublisher("cam-out", of: table)
        let segment = try await publisher.open()
        try await segment.write(ByteBuffer(string: "pictures"))
        try await segment.finish()
        let channels = TrickleEndpoint(table: table, isPrivate: { !gate.isOpen })
        try await TestServer.serving(
            TrickleDoor.Elsewhere(), loop: ChannelDelivery(channels: channels, door: ViewerDoor(gate)), tls: false, body)
    }

    private func asked(
        _ server: TestServer, _ path: String, _ method: HTTPRequest.Method = .get, _ fields: HTTPFields = [:]
    ) async throws -> (status: Int, text: String, caching: String) {
        var head = server.head(method, path)
        head.headerFields = fields
        return try await server.client().exchange(head) { answer, body in
            (answer.status.code, String(buffer: try await body.collect(upTo: 4096)), answer.headerFields[.cacheControl] ?? "")
        }
    }

    @Test func aTokenInThePathOrAHeaderLetsIn() async throws {
        try await serving(OneToken()) { server in
            let plain = try await asked(server, "/ai/trickle/cam-out/0")
            #expect(plain.status == 401 && plain.text.contains("a token is needed"))
            let other = try await asked(server, "/t/bad/ai/trickle/cam-out/0")
            #expect(other.status == 403 && other.text.contains("not for http://localhost/ai/trickle/cam-out"), "\(other)")
            #expect(try await asked(server, "/t/good/ai/trickle/other-out/0").status == 403)
            let path = try await asked(server, "/t/good/ai/trickle/cam-out/0")
            #expect(path.status == 200 && path.text == "pictures" && path.caching.hasPrefix("private, max-age="), "\(path)")
            let told = try await asked(server, "/t/asked/ai/trickle/cam-out/0")
            #expect(told.status == 200 && told.text == "pictures", "\(told)")
            let header = try await asked(server, "/ai/trickle/cam-out/0", .get, [.authorization: "Bearer good"])
            #expect(header.status == 200 && header.text == "pictures")
            #expect(try await asked(server, "/t/good/ai/trickle/cam-out/next").text == "1")
            #expect(try await asked(server, "/t/good/ai/trickle/cam-out", .delete).status == 405)
            #expect(try await asked(server, "/t/good/ai/trickle/", .get).status == 404)
        }
    }

    @Test func whereNobodyIsAskedATokenDoesNoHarm() async throws {
        try await serving(OneToken(isOpen: true)) { server in
            for path in ["/ai/trickle/cam-out/0", "/t/old/ai/trickle/cam-out/0"] {
                let answer = try await asked(server, path)
                #expect(answer.status == 200 && answer.text == "pictures" && answer.caching.hasPrefix("max-age="), "\(path): \(answer)")
            }
        }
    }

    @Test func aSubscriberOfOursGoesOnFromSegmentToSegment() async throws {
        try await serving(OneToken()) { server in
            let url = try TrickleURL("http://127.0.0.1:\(server.port)/t/good/ai/trickle/cam-out")
            var settings = TrickleHTTPSubscriber.Settings()
            settings.start = .number(0)
            let text = try await TrickleHTTPSubscriber.reading(url, settings: settings, group: MultiThreadedEventLoopGroup.singleton) {
                subscriber in
                let segment = try #require(try await subscriber.next())
                return String(buffer: try await segment.collect(upTo: 100))
            }
            #expect(text == "pictures")
        }
    }
}
