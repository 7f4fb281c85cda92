import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceMarket
import SluiceNetwork
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

/// Those who list orchestrators, and how they go wrong.
@Suite(.timeLimit(.minutes(1))) struct SourcePollerTests {
    /// An answer by path.
    private struct Lister: HTTPResponder {
        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            switch request.head.path {
            case "/good": try await writer.send(.ok, body: ByteBuffer(string: #"[{"address":"https://one:8935","score":1}]"#))
            case "/html": try await writer.send(.ok, body: ByteBuffer(string: "<html><body>It works!</body></html>"))
            case "/loop": try await writer.send(.found, headers: [.location: "/loop"])
            case "/broken": try await writer.send(.internalServerError)
            case "/long": try await writer.send(.ok, body: ByteBuffer(repeating: UInt8(ascii: "["), count: 1 << 20))
            case "/rates": try await writer.send(.ok, body: ByteBuffer(string: #"{"asOf": 1000, "rates": {"USD": 3e14}}"#))
            case "/rates-bad": try await writer.send(.ok, body: ByteBuffer(string: #"{"asOf": 1000, "rates": {"USD": -3}}"#))
            default: try await Task.sleep(for: .seconds(600))
            }
        }
    }

    private func serving(_ body: (String, Lookup) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = HTTPServer(host: "127.0.0.1", port: 0, tls: nil, responder: Lister(), group: group, logger: MarketBench.logger)
        let port = try await server.start()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            defer { tasks.cancelAll() }
            try await body("http://127.0.0.1:\(port)", Lookup(group: group))
        }
    }

    private func problem(_ address: String, _ lookup: Lookup) async -> String {
        do {
            _ = try DiscoveryAnswer(try await lookup.get(try WebAddress(address), limit: 64 << 10))
            return "none"
        } catch { return "\(error)" }
    }

    @Test func everyWayToGoWrongIsSaid() async throws {
        try await serving { server, lookup in
            #expect(await problem(server + "/good", lookup) == "none")
            #expect(await problem(server + "/html", lookup).contains("begins with '<html><body>It works!"))
            #expect(await problem(server + "/loop", lookup).contains("302, to /loop; redirects are not followed"))
            #expect(await problem(server + "/broken", lookup).contains("the answer is 500"))
            #expect(await problem(server + "/long", lookup).contains("over 65536 bytes"))
            #expect(await problem(server + "/hangs", lookup).contains("no answer within 3.0 seconds"))
            #expect(await problem("http://127.0.0.1:1/", lookup).contains("127.0.0.1:1"))
        }
    }

    @Test func whatASourceSaidBeforeHoldsWhenItFails() async throws {
        try await MarketBench.serving([]) { bench in
            bench.market.update([OrchestratorListing(id: OrchestratorID("https://one:8935"), trust: 1)], from: .webhook)
            bench.market.failed(.webhook, "no answer")
            #expect(bench.market.state.withLock { $0.catalog.count } == 1)
            #expect(bench.market.state.withLock { $0.problems[.webhook] } == "no answer")
            bench.market.update([], from: .webhook)
            #expect(bench.market.state.withLock { $0.catalog.count } == 0)
        }
    }

    @Test func ratesAreTakenWithTheirAge() async throws {
        try await serving { server, lookup in
            let answer = try RateAnswer(try await lookup.get(try WebAddress(server + "/rates"), limit: 1 << 20))
            #expect(answer.asOf == 1000 && answer.rates.map(\.wei) == [3e14])
            let bad = try await lookup.get(try WebAddress(server + "/rates-bad"), limit: 1 << 20)
            #expect(throws: Lookup.Refused.self) { try RateAnswer(bad) }
            try await MarketBench.serving([]) { bench in
                bench.market.take(answer, from: "feed")
                let problem = bench.market.state.withLock { state -> RateBook.Problem? in
                    do {
                        _ = try state.rates.wei(in: try #require(Money(1, .other("USD"))), at: Market.now)
                        return nil
                    } catch { return error as? RateBook.Problem }
                }
                guard case .old? = problem else {
                    Issue.record("a rate of 1970 is \(String(describing: problem))")
                    return
                }
            }
        }
    }
}
