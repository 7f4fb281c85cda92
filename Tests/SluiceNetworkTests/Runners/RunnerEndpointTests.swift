import NIOCore
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Registration, discovery, sessions and callbacks beside what was recorded.
@Suite(.timeLimit(.minutes(1))) struct RunnerEndpointTests {
    private static func beat(_ fields: String = "") -> String { #"{"runner_url":"http://127.0.0.1:1","app":"echo/dyn"\#(fields)}"# }

    private func beat(
        _ door: RunnerDoor, _ secret: String, _ body: String = RunnerEndpointTests.beat()
    ) async throws -> RawTrickle.Answer {
        try await door.ask("POST", "/runners/heartbeat", headers: ["Authorization: \(secret)"], body: body)
    }

    // MARK: Registration

    @Test func aRunnersSecretIsGoodForItselfAlone() async throws {
        try await RunnerDoor.opened { door in
            let first = try JSONTree(parsing: try await beat(door, RunnerDoor.secret).body.utf8)
            let second = try JSONTree(parsing: try await beat(door, RunnerDoor.secret).body.utf8)
            let (id, other) = (try #require(first["runner_id"]?.string), try #require(second["runner_id"]?.string))
            let secret = try #require(first["heartbeat_secret"]?.string)
            let mine = try await beat(door, secret, Self.beat(#","runner_id":"\#(id)""#))
            #expect(mine.code == 200 && !mine.body.contains("heartbeat_secret") && !mine.body.contains("o2r"))
            for body in [Self.beat(#","runner_id":"\#(other)""#), Self.beat(), "{nope"] {
                let answer = try await beat(door, secret, body)
                #expect(answer.code == 401 && answer.body == "invalid registration authorization\n")
            }
            let wrong = try await door.ask("POST", "/runners/\(other)/unregister", headers: ["Authorization: \(secret)"])
            #expect(wrong.code == 401)
            #expect(door.book.offers.count == 2)
        }
    }

    @Test func anExpiredRunnerIsToldToBeginAnew() async throws {
        let clock = TestClock()
        let book = RunnerBook(newName: { RunnerKeys.name($0) }, now: { clock.now }, registry: MetricRegistry(), logger: TestServer.quiet)
        try await RunnerDoor.opened(book: book) { door in
            let first = try JSONTree(parsing: try await beat(door, RunnerDoor.secret).body.utf8)
            let id = try #require(first["runner_id"]?.string)
            let secret = try #require(first["heartbeat_secret"]?.string)
            clock.advance(by: .seconds(20))
            book.sweep()
            let answer = try await beat(door, secret, Self.beat(#","runner_id":"\#(id)""#))
            #expect(answer.code == 404 && answer.body == "runner not found\n")
        }
    }

    @Test func withoutASecretNobodyRegisters() async throws {
        try await RunnerDoor.opened(noSecret) { door in
            let answer = try await beat(door, "")
            #expect(answer.code == 404 && answer.body == "runner registration is disabled\n")
        }
    }

    private func noSecret(_ settings: inout RunnerDesk.Settings) { settings.secret = nil }

    @Test func badRegistrationsAreNamedAndChangeNothing() async throws {
        try await RunnerDoor.opened { door in
            let long = String(repeating: "m", count: 1025)
            for (fields, words) in [
                (#","capacity":-1"#, "capacity -1: 0 to 100000 is right, 0 for 1"),
                (#","metadata":"\#(long)""#, "metadata: at most 1024 bytes are right, these are 1025"),
                (#","runner_url":"nope""#, "runner_url 'nope': an absolute URL like http://127.0.0.1:9000 is right"),
            ] {
                let answer = try await beat(
                    door, RunnerDoor.secret, fields.contains("runner_url") ? #"{"app":"a"\#(fields)}"# : Self.beat(fields))
                #expect(answer.code == 400 && answer.body == words + "\n", "\(answer.body)")
                let one = #"{"label":"x","runner_url":"http://h:1","health_url":"/h","app":"a"}"#
                let bad =
                    #"{"label":"y","health_url":"/h","app":"a"\#(fields)\#(fields.contains("runner_url") ? "" : #","runner_url":"http://h:1""#)}"#
                let batch = try await door.ask("POST", "/registerLiveRunners", body: #"{"runners":[\#(one),\#(bad)]}"#)
                #expect(batch.code == 400 && batch.body == "runners[1]: \(words)\n", "\(batch.body)")
            }
            let large = try await beat(door, RunnerDoor.secret, Self.beat(#","x":"\#(String(repeating: "x", count: 70_000))""#))
            #expect(large.code == 413 && large.body == "the body is over 65536 bytes\n")
            let broken = try await beat(door, RunnerDoor.secret, "{nope")
            #expect(broken.code == 400 && broken.body.hasPrefix("the body is no JSON: "))
            #expect(door.book.offers.isEmpty)
        }
    }

    // MARK: Health

    @Test func twoFailedChecksHideARunnerAndOneGoodOneShowsIt() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url)
                let health = RunnerHealth(door.desk)
                try await app.setHealth(500)
                await health.checkAll()
                #expect(door.book.offers.count == 1)
                await health.checkAll()
                #expect(door.book.offers.isEmpty)
                try await app.setHealth(200)
                await health.checkAll()
                #expect(door.book.offers.count == 1)
            }
        }
    }

    @Test func aHealthCheckThatHangsFails() async throws {
        try await SaidPeer.listening("", closes: false) { peer in
            let port = peer.port
            try await RunnerDoor.opened(shortHealth) { door in
                try door.runner("a", at: "http://127.0.0.1:\(port)")
                for _ in 0..<2 { await RunnerHealth(door.desk).checkAll() }
                #expect(door.book.offers.isEmpty)
            }
        }
    }

    private func shortHealth(_ settings: inout RunnerDesk.Settings) { settings.healthTime = .milliseconds(50) }

    // MARK: Sessions

    @Test func aClientThatWantsAKeyNeedsIt() async throws {
        try await RunnerDoor.opened { door in
            try door.runner("a", at: "http://127.0.0.1:1")
            let (path, key) = try await door.reserve("a", headers: ["Livepeer-Session-Key: wanted"])
            for headers in [[], ["Livepeer-Session-Key: wrong"], ["Livepeer-Session-Token: \(key)"]] {
                let refused = try await door.ask("POST", "\(path)/stop", headers: headers)
                #expect(refused.code == 401 && refused.body == "this session is stopped with its Livepeer-Session-Key\n")
            }
            #expect(door.used("a") == 1)
            #expect(try await door.ask("POST", "\(path)/stop", headers: ["Livepeer-Session-Key: \(key)"]).code == 204)
            #expect(door.used("a") == 0)
        }
    }

    @Test func theRunnerStopsItsSessionByItsToken() async throws {
        try await RunnerDoor.opened(guardAll) { door in
            try door.runner("a", at: "http://127.0.0.1:1")
            let path = try await door.reserve("a").path
            #expect(try await door.ask("POST", "\(path)/stop").code == 401, "the operator wants keys of all")
            let id = SessionID(path.split(separator: "/").last.map(String.init) ?? "")
            let callback = path.replacing("/apps/", with: "/runner/")
            #expect(try await door.ask("POST", "\(callback)/stop", headers: ["Livepeer-Session-Token: x"]).code == 401)
            let token = door.desk.keys.session(id)
            #expect(try await door.ask("POST", "\(callback)/stop", headers: ["Livepeer-Session-Token: \(token)"]).code == 204)
            #expect(door.used("a") == 0)
        }
    }

    private func guardAll(_ settings: inout RunnerDesk.Settings) { settings.guardsAll = true }

    @Test func aSessionIsRenewedAndKnowsItsRunner() async throws {
        try await RunnerDoor.opened { door in
            try door.runner("a", at: "http://127.0.0.1:1")
            try door.runner("b", at: "http://127.0.0.1:1")
            let path = try await door.reserve("a").path
            let renewed = try await door.ask("POST", "\(path)/renew")
            #expect(renewed.code == 204 && renewed["livepeer-session-lease"] == "120")
            let other = path.replacing("/apps/a/", with: "/apps/b/")
            #expect(try await door.ask("POST", "\(other)/renew").code == 404)
            #expect(try await door.ask("GET", "\(other)/app/x").code == 404)
            #expect(try await door.ask("POST", "\(other)/stop").code == 204)
            #expect(door.used("a") == 1, "that was another's URL")
        }
    }

    @Test func whoHoldsASessionAndDiesFreesItsPlaceWithinASecond() async throws {
        try await RunnerDoor.opened { door in
            let beat = try JSONTree(parsing: try await beat(door, RunnerDoor.secret).body.utf8)
            let runner = try #require(beat["runner_id"]?.string)
            let path = try await door.reserve(runner).path
            try await RawTrickle.connected(to: door.port) { raw in
                try await raw.say("GET \(path)/hold HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await raw.head()
                #expect(try await raw.chunk() == "event: held\ndata: {}\n\n")
            }
            let died = ContinuousClock.now
            try await door.until("the place is free") { door.used(runner) == 0 }
            #expect(died.duration(to: .now) < .seconds(1))
            // And the runner is told.
            let channel = try #require(beat["o2r"]?["channel_name"]?.string)
            let told = try await door.ask("GET", "/ai/trickle/\(channel)/-2")
            #expect(told.body.contains(#""event":"released""#))
        }
    }

    @Test func aHeldSessionThatEndsSaysSo() async throws {
        try await RunnerDoor.opened { door in
            try door.runner("a", at: "http://127.0.0.1:1")
            let path = try await door.reserve("a").path
            try await RawTrickle.connected(to: door.port) { raw in
                try await raw.say("GET \(path)/hold HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await raw.head()
                _ = try await raw.chunk()
                #expect(try await door.ask("POST", "\(path)/stop").code == 204)
                var rest = ""
                while let piece = try await raw.chunk(), !piece.isEmpty { rest += piece }
                #expect(rest == "event: released\ndata: {}\n\n")
            }
            #expect(try await door.ask("GET", "\(path)/hold").code == 404)
        }
    }

    // MARK: The feed

    @Test func discoveryIsPushedWithEveryChange() async throws {
        try await RunnerDoor.opened { door in
            try await RawTrickle.connected(to: door.port) { raw in
                try await raw.say("GET /discovery/feed HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await raw.head()["content-type"] == "text/event-stream")
                #expect(try await raw.chunk() == "event: discovery\ndata: [{\"address\":\"http://orchestrator:8935\"}]\n\n")
                try door.runner("a", at: "http://127.0.0.1:1", mode: .singleShot)
                let second = try #require(try await raw.chunk())
                #expect(second.contains("/apps/a/app") && second.contains(#""capacity_available":1"#))
                let session = try door.book.reserve("a", mode: .singleShot, isGuarded: false)
                #expect(try await raw.chunk()?.contains(#""capacity_available":0"#) == true)
                door.book.release(session.id, .stopped)
                #expect(try await raw.chunk() == second)
            }
        }
    }

    // MARK: Callbacks

    @Test func channelsAndProxiesOfASession() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url)
                let path = try await door.reserve("a").path
                let id = SessionID(path.split(separator: "/").last.map(String.init) ?? "")
                let base = path.replacing("/apps/", with: "/runner/")
                let token = ["Livepeer-Session-Token: \(door.desk.keys.session(id))"]
                for (body, words) in [
                    (#"{"channels":[{"name":"a b"}]}"#, "channels[0]: name 'a b': letters, digits, '-' and '_' are right"),
                    (#"{"channels":[{}]}"#, "channels[0]: name '': letters, digits, '-' and '_' are right"),
                    (
                        #"{"channels":[\#((0..<26).map { #"{"name":"\#($0)"}"# }.joined(separator: ","))]}"#,
                        "channels: at most 25 at once are right"
                    ),
                ] {
                    let answer = try await door.ask("POST", "\(base)/channels", headers: token, body: body)
                    #expect(answer.code == 400 && answer.body == words + "\n", "\(answer.body)")
                }
                let made = try await door.ask("POST", "\(base)/channels", headers: token, body: #"{"channels":[{"name":"a/b"}]}"#)
                #expect(made.body.contains(#""name":"a-b""#))
                #expect(try await door.ask("POST", "/ai/trickle/\(id)-a-b/0", body: "said").code == 200)
                #expect(try await door.ask("GET", "/ai/trickle/\(id)-a-b/0").body == "said")
                let proxied = try await door.ask("POST", "\(base)/proxy", headers: token, body: #"{"target_url":"\#(app.url)/deep"}"#)
                let url = try #require(try JSONTree(parsing: proxied.body.utf8)["url"]?.string)
                let told = try JSONTree(parsing: try await door.ask("GET", RunnerDoor.path(url) + "/x").body.utf8)
                #expect(told["path"]?.string == "/deep/x")
                let foreign = try await door.ask("POST", "\(base)/proxy", headers: token, body: #"{"target_url":"http://other:1/"}"#)
                #expect(foreign.body == "target_url 'http://other:1/': its host must be that of runner_url\n")
                #expect(try await door.ask("POST", "\(path)/stop").code == 204)
                #expect(try await door.ask("GET", RunnerDoor.path(url) + "/x").code == 404)
                #expect(!door.desk.channels.isOpen("\(id)-a-b"), "its channels went with it")
                #expect(try await door.ask("POST", "\(base)/channels", headers: token, body: #"{"channels":[{"name":"c"}]}"#).code == 404)
            }
        }
    }
}
