import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

/// Service levels and the decision log at the admin port.
@Suite(.timeLimit(.minutes(1))) struct RoutingEndpointTests {
    private struct Directory: OrchestratorDirectory {
        let entries: [OrchestratorEntry]
    }

    private struct Port {
        let connection: HTTPClientConnection
        let levels: ServiceLevels
        let route: RouteStage
        let apps: AppStage

        func ask(_ method: HTTPRequest.Method, _ path: String, _ body: String = "") async throws -> (status: Int, text: String) {
            let head = HTTPRequest(
                method: method, scheme: "http", authority: "127.0.0.1", path: path, headerFields: [.contentLength: "\(body.utf8.count)"])
            return try await connection.exchange(head, body: ByteBuffer(string: body)) { answer, body in
                (answer.status.code, String(buffer: try await body.collect(upTo: 1 << 20)))
            }
        }

        func level(_ path: String) async throws -> ServiceLevelAnswer {
            try JSONDecoder().decode(ServiceLevelAnswer.self, from: Data(try await ask(.get, path).text.utf8))
        }
    }

    /// One orchestrator in the region eu at 100 wei, the tenant "acme", and the live stream "cam" of it.
    private func serving(log: DecisionLog? = nil, _ body: (Port) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let acme = TenantSettings(
            name: "acme", prefixes: ["ac-"], keys: [], serviceLevel: try ServiceLevelChange(json: Data(#"{"percentile": 0.8}"#.utf8)))
        let levels = ServiceLevels(node: ServiceLevel(), tenants: [acme])
        let cam = try #require(StreamID("cam"))
        levels.opened(cam, tenant: "acme", .none)
        let entry = OrchestratorEntry(
            id: OrchestratorID("https://o:8935"), capabilities: CapabilitySet(), price: Price(pricePerUnit: 100, pixelsPerUnit: 1),
            region: "eu")
        let route = RouteStage(
            directory: Directory(entries: [entry]), settings: RoutingSettings(), promised: { levels.level(of: $0) },
            needed: { _ in CapabilitySet() })
        let apps = AppStage(seed: 1)
        let isLive: @Sendable (StreamID) -> Bool = { $0 == cam }
        let admin = AdminEndpoint(
            registry: MetricRegistry(), status: { "none" },
            routing: RoutingEndpoint(
                route: route, levels: ServiceLevelEndpoint(route: route, levels: levels, isLive: isLive), log: log, isLive: isLive,
                appDecisions: { apps.decisions(of: $0) }))
        let server = HTTPServer(
            host: "127.0.0.1", port: 0, tls: nil, responder: admin, group: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let port = try await server.start()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            defer { tasks.cancelAll() }
            let connection = try HTTPClientConnection(
                authority: HTTPAuthority(isSecure: false, host: "127.0.0.1", port: port), group: group)
            try await body(Port(connection: connection, levels: levels, route: route, apps: apps))
        }
    }

    @Test func nodeTenantAndStreamAreChangedApart() async throws {
        try await serving { port in
            let changes = [
                ("/routing/sla", #"{"latency": "90%"}"#), ("/routing/sla?tenant=acme", #"{"maxPricePerPixelWei": 500}"#),
                ("/routing/sla?stream=cam", #"{"region": "eu"}"#),
            ]
            for (path, body) in changes {
                let answer = try await port.ask(.post, path, body)
                #expect(answer.status == 200, "\(answer)")
            }
            let stream = try await port.level("/routing/sla?stream=cam").level
            #expect(stream.latency == "90%" && stream.maxPricePerPixelWei == 500 && stream.region == "eu" && stream.percentile == 0.8)
            let tenant = try await port.level("/routing/sla?tenant=acme").level
            #expect(tenant.latency == "90%" && tenant.maxPricePerPixelWei == 500 && tenant.region == "")
            let node = try await port.level("/routing/sla").level
            #expect(node.latency == "90%" && node.maxPricePerPixelWei == -1 && node.percentile == 0.9)
            #expect(port.route.nodeServiceLevel.latency == .share(0.9))
        }
    }

    @Test func whatNobodyKeepsIsToldAtOnceWithTheNearest() async throws {
        try await serving { port in
            let answer = try await port.ask(.post, "/routing/sla?stream=cam", #"{"maxPricePerPixelWei": 7}"#)
            let check = try JSONDecoder().decode(ServiceLevelAnswer.self, from: Data(answer.text.utf8)).check
            #expect(answer.status == 200 && !check.isMet)
            #expect(check.nearest?.orchestrator == "https://o:8935" && check.nearest?.sla.maxPricePerPixelWei == 100)
            let cam = try #require(StreamID("cam"))
            #expect(port.levels.level(of: cam).maxPrice == 7, "it holds all the same")
        }
    }

    @Test(arguments: [
        ("/routing/sla?stream=nobody", "{}", 404, "no live stream 'nobody'"),
        ("/routing/sla?tenant=nobody", "{}", 404, "the settings have acme"),
        ("/routing/sla", "{", 400, "no JSON object"), ("/routing/sla", #"{"latncy": "5%"}"#, 400, "did you mean 'latency'?"),
        ("/routing/log?state=on", "", 404, "decisionLog names its file"), ("/routing/nothing", "", 405, ""),
    ]) func whatIsWrongIsSaid(path: String, body: String, status: Int, part: String) async throws {
        try await serving { port in
            let answer = try await port.ask(.post, path, body)
            #expect(answer.status == status && (part.isEmpty || answer.text.contains(part)), "\(answer)")
        }
    }

    @Test func theLogIsSwitched() async throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-log-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: url) }
        let log = try DecisionLog(
            path: url.path, largest: 1 << 20, isOn: false, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await serving(log: log) { port in
            let before = try await port.ask(.get, "/routing/log")
            let after = try await port.ask(.post, "/routing/log?state=on")
            let perhaps = try await port.ask(.post, "/routing/log?state=perhaps")
            #expect(before.text.contains("\"isOn\" : false") && after.text.contains("\"isOn\" : true") && perhaps.status == 400)
            #expect(log.status.isOn)
        }
    }

    /// Why a runner was chosen, for apps, batch AI and BYOC.
    @Test func aRunnersChoiceIsExplained() async throws {
        try await serving { port in
            #expect(try await port.ask(.get, "/routing/decisions?app=x").status == 404)
            let none = try await port.ask(.get, "/routing/decisions")
            #expect(none.status == 400 && none.text.contains("/routing/decisions?app=NAME"))
            let orchestrator = OrchestratorID("https://o:8935")
            let runner = RemoteRunner(
                path: "/apps/a/app", orchestrator: orchestrator, app: "x", mode: .singleShot, price: RunnerPrice(amount: 2, unit: .hour),
                capacity: 2, available: 2)
            let full = RemoteRunner(path: "/apps/b/app", orchestrator: orchestrator, app: "x", mode: .singleShot, capacity: 3, available: 0)
            port.apps.update([runner, full], of: orchestrator)
            _ = try port.apps.choose(AppWish(app: "x"), avoiding: [])
            let text = try await port.ask(.get, "/routing/decisions?app=x").text
            let decision = try #require(try JSONDecoder().decode([RunnerDecisionReport].self, from: Data(text.utf8)).first)
            #expect(decision.reason == "only" && decision.choice == orchestrator.rawValue && decision.runner == "/apps/a/app")
            #expect(decision.considered.map(\.runner) == ["/apps/a/app"] && decision.considered.first?.priceUnit == "USD per hour")
            #expect(decision.leftOut.map(\.reason) == ["is full (3)"])
        }
    }
}
