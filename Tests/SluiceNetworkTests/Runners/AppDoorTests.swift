import HTTPTypes
import NIOCore
import NIOPosix
import SluiceGateway
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// A gateway before orchestrators with runners, all on the loopback.
@Suite(.timeLimit(.minutes(2))) struct AppDoorTests {
    private struct Gateway: Sendable {
        let desk: AppDesk
        let port: Int

        func ask(_ method: String, _ path: String, headers: [String] = [], body: String? = nil) async throws -> RawTrickle.Answer {
            let length = (body ?? (method == "POST" ? "" : nil)).map { ["Content-Length: \($0.utf8.count)"] } ?? []
            let head = ["\(method) \(path) HTTP/1.1", "Host: gw"] + headers + length
            return try await RawTrickle.ask(port, head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""), isHead: method == "HEAD")
        }
    }

    /// Takes nothing, but stands where the gateway's own stands.
    private struct NoDirect: HTTPDirectResponder {
        func takes(_ request: HTTPRequest) -> Bool { false }
        func respond(
            to request: HTTPRequest, from remoteAddress: String, on loop: any EventLoop, completion: @escaping (HTTPDirectAnswer) -> Void
        ) -> (() -> Void)? { nil }
    }

    private func opened(
        before doors: [RunnerDoor], apps: Int, lease: Duration = .seconds(120), _ body: @escaping @Sendable (Gateway) async throws -> Void
    ) async throws {
        var settings = AppDesk.Settings()
        settings.lease = lease
        let desk = try AppDesk(
            directory: AppStage(seed: 7), orchestrators: doors.map { "http://127.0.0.1:\($0.port)" }, settings: settings,
            group: MultiThreadedEventLoopGroup.singleton, logger: TestServer.quiet)
        let door = AppDoor(desk) { "http://\($0.authority ?? "")" }
        let proxy = HTTPServer.Proxy(
            router: ProxyRouters([door, CapabilityProxy(desk), BatchProxy(desk)]), connections: try ProxyConnections())
        try await TestServer.serving(door, direct: NoDirect(), proxy: proxy, tls: false) { peer in
            let port = peer.port
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await desk.run() }
                defer { group.cancelAll() }
                let end = ContinuousClock.now + .seconds(20)
                while desk.directory.runners.count < apps {
                    try #require(ContinuousClock.now < end, "discovery tells of \(apps) runners")
                    try await Task.sleep(for: .milliseconds(2))
                }
                try await body(Gateway(desk: desk, port: port))
            }
        }
    }

    @Test func oneRequestIsServedAndSaidByWhom() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                try await opened(before: [door], apps: 1) { gateway in
                    let answer = try await gateway.ask("POST", "/apps/app/a/x/y?z=1", body: "hi")
                    #expect(answer.code == 200 && answer["sluice-runner"] == "http://127.0.0.1:\(door.port)/apps/a/app")
                    let told = try JSONTree(parsing: answer.body.utf8)
                    #expect(told["path"]?.string == "/x/y?z=1" && told["echo"]?.string == "hi")
                    #expect(try await gateway.ask("GET", "/apps/app%2Fa/app/x").code == 200, "the long form too")
                    let none = try await gateway.ask("GET", "/apps/nosuch/x")
                    #expect(none.code == 503 && none.body == "no runner serves an app at '/apps/nosuch/x'; there is app/a\n")
                    let picky = try await gateway.ask("GET", "/apps/app/a/x", headers: ["Sluice-App-Version: 9"])
                    #expect(picky.code == 503)
                    #expect(picky.body == "no runner of 'app/a' is what was asked for: of one of 1, its version is ''\n")
                    let bad = try await gateway.ask("GET", "/apps/app/a/x", headers: ["Sluice-App-Max-Price: much"])
                    #expect(bad.code == 400)
                }
            }
        }
    }

    @Test func aRequestThatFailsGoesElsewhere() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { bad in
                try await RunnerDoor.opened { good in
                    try bad.runner("a", at: "http://127.0.0.1:1", mode: .singleShot)
                    try good.runner("a", at: app.url, mode: .singleShot)
                    try await opened(before: [bad, good], apps: 2) { gateway in
                        for number in 0..<6 {
                            let answer = try await gateway.ask("GET", "/apps/app/a/\(number)")
                            #expect(answer.code == 200 && answer["sluice-orchestrator"] == "http://127.0.0.1:\(good.port)")
                        }
                        let keyed = try await gateway.ask("POST", "/apps/app/a/x", headers: ["Idempotency-Key: 1"], body: "again")
                        #expect(keyed.code == 200)
                    }
                }
            }
        }
    }

    @Test func aSessionOfManyRequestsAndItsEnd() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("p", at: app.url)
                try await opened(before: [door], apps: 1) { gateway in
                    let reserved = try await gateway.ask("POST", "/apps/app/p/session")
                    let json = try JSONTree(parsing: reserved.body.utf8)
                    let url = RunnerDoor.path(try #require(json["app_url"]?.string))
                    let control = RunnerDoor.path(try #require(json["control_url"]?.string))
                    #expect(json["app_url"]?.string?.hasPrefix("http://gw/apps/app/p/session/") == true)
                    for number in 0..<3 { #expect(try await gateway.ask("GET", "\(url)/\(number)").code == 200) }
                    #expect(door.used("p") == 1)
                    let full = try await gateway.ask("POST", "/apps/app/p/session")
                    #expect(full.code == 503)
                    #expect(try await gateway.ask("POST", "\(control)/renew").code == 204)
                    #expect(try await gateway.ask("POST", "\(control)/stop").code == 204)
                    try await door.until("the place is free") { door.used("p") == 0 }
                    #expect(try await gateway.ask("GET", "\(url)/x").code == 404)
                }
            }
        }
    }

    @Test func aCallToAPersistentAppHasASessionOfItsOwn() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("p", at: app.url)
                try await opened(before: [door], apps: 1) { gateway in
                    #expect(try await gateway.ask("GET", "/apps/app/p/events").body == "data: 0\n\ndata: 1\n\ndata: 2\n\n")
                    try await door.until("its session is over") { door.used("p") == 0 }
                    try await door.until("the gateway knows") { gateway.desk.directory.runners.first?.available == 1 }
                    try await RunnerSocketTests.Socket.opened(gateway.port, "/apps/app/p/socket") { socket in
                        #expect(try await socket.head().hasPrefix("HTTP/1.1 101 "))
                        try await socket.say("hi")
                        #expect(try await socket.bytes(4) == [0x81, 2, 0x68, 0x69])
                        #expect(door.used("p") == 1)
                    }
                    try await door.until("its session is over") { door.used("p") == 0 }
                }
            }
        }
    }

    @Test func aGatewayThatGoesFreesItsPlacesWithinASecond() async throws {
        try await RunnerDoor.opened { door in
            try door.runner("p", at: "http://127.0.0.1:1")
            try await opened(before: [door], apps: 1) { gateway in
                #expect(try await gateway.ask("POST", "/apps/app/p/session").code == 200)
                let id = try #require(door.book.standings.first?.sessions.first)
                try await door.until("it is held") { door.book.holders(of: id) == 1 }
            }
            let gone = ContinuousClock.now
            try await door.until("the place is free") { door.used("p") == 0 }
            #expect(gone.duration(to: .now) < .seconds(1))
        }
    }

    @Test func anAbandonedSessionIsLetGo() async throws {
        try await RunnerDoor.opened { door in
            try door.runner("p", at: "http://127.0.0.1:1")
            try await opened(before: [door], apps: 1, lease: .milliseconds(50)) { gateway in
                #expect(try await gateway.ask("POST", "/apps/app/p/session").code == 200)
                try await door.until("the place is free") { door.used("p") == 0 }
                #expect(gateway.desk.sessions.count == 0)
            }
        }
    }

    // MARK: Batch AI and BYOC

    @Test func batchRequestsFindTheirModel() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                let facts = RunnerFacts(
                    label: "t", routesByLabel: true, url: app.url, app: "text-to-image/stabilityai/sdxl-turbo", mode: .singleShot)
                _ = try door.book.register([StaticRunner(facts: facts, health: RunnerHealthCheck(url: "\(app.url)/health"))])
                try await opened(before: [door], apps: 1) { gateway in
                    let type = ["Content-Type: application/json"]
                    for answer in [
                        try await gateway.ask("POST", "/text-to-image", headers: type, body: #"{"prompt":"x"}"#),
                        try await door.ask("POST", "/text-to-image", headers: type, body: #"{"prompt":"x"}"#),
                    ] {
                        let told = try JSONTree(parsing: answer.body.utf8)
                        #expect(told["path"]?.string == "/text-to-image")
                        #expect(told["echo"]?.string == #"{"prompt":"x","model_id":"stabilityai/sdxl-turbo"}"#)
                    }
                    let none = try await gateway.ask("POST", "/text-to-image", headers: type, body: #"{"model_id":"other"}"#)
                    #expect(none.code == 503)
                    #expect(none.body == #"{"error":{"message":"no runner serves 'text-to-image/other'"}}"#)
                    let broken = try await gateway.ask("POST", "/llm", headers: type, body: "{nope")
                    #expect(broken.code == 400 && broken.body.hasPrefix(#"{"error":{"message":"the body is no JSON: "#))
                    #expect(try await gateway.ask("GET", "/llm").code == 405)
                    let large = try await gateway.ask(
                        "POST", "/llm", headers: type + ["Expect: x"], body: String(repeating: " ", count: 65 << 20))
                    #expect(large.code == 413)
                }
            }
        }
    }

    @Test func aBYOCJobThroughTheGateway() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                let form = #"{"name":"cap","url":"\#(app.url)","capacity":1,"token":"t0"}"#
                #expect(try await door.ask("POST", "/capability/register", headers: ["Authorization: s3cret"], body: form).body == "ok")
                try await opened(before: [door], apps: 1) { gateway in
                    let header = try Self.job(#"{"request":"{}","parameters":"{}","capability":"cap","timeout_seconds":30}"#)
                    let answer = try await gateway.ask("POST", "/process/request/some/path", headers: [header], body: "hello")
                    #expect(answer.code == 200 && answer["x-orchestrator-url"] == "http://127.0.0.1:\(door.port)")
                    let told = try JSONTree(parsing: answer.body.utf8)
                    #expect(told["path"]?.string == "/some/path" && told["hdr"]?["Authorization"]?.string == "Bearer t0")
                    #expect(told["hdr"]?["Livepeer"] == nil, "the job header is not the worker's")
                    try await door.until("its place is free") { door.book.offers.first?.used == 0 }
                    let direct = try await door.ask("POST", "/process/request/x", headers: [header], body: "hello")
                    #expect(direct.code == 200 && direct["livepeer-balance"] == "0")
                }
            }
        }
    }

    static func job(_ json: String) throws -> String { "Livepeer: \(HeaderText.base64(json))" }
}
