import Foundation
import HTTPTypes
import Testing

@testable import sluice

/// The admin API of a whole gateway.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AdminAPITests {
    private static let two = """
        orchestrators:
          - {address: "127.0.0.1:1", operator: first, region: eu}
          - 127.0.0.1:2
        tenants:
          acme:
            streams: [acme-]
            keys: [a-secret-key]
            sla: {latency: 50%}
        profiles: none
        """
    private static let first = "/api/v1/orchestrators/https%3A%2F%2F127.0.0.1%3A1"

    @Test func orchestratorsAreAddedDrainedClassedBlockedAndRemoved() async throws {
        try await RunningDesk.serving(Self.two) { desk in
            func names() async throws -> [String] {
                let list = try await desk.get("/api/v1/orchestrators").object["orchestrators"] as? [[String: Any]] ?? []
                return list.compactMap { $0["id"] as? String }
            }
            #expect(try await names() == ["https://127.0.0.1:1", "https://127.0.0.1:2"])
            let added = try await desk.ask(.post, "/api/v1/orchestrators", #"{"address": "127.0.0.1:3", "region": "us"}"#)
            #expect(
                added.status == 201 && added.headers[.location] == "/api/v1/orchestrators/https%3A%2F%2F127%2E0%2E0%2E1%3A3", "\(added)")
            #expect(added.object["origin"] as? String == "api" && added.object["region"] as? String == "us")
            #expect(try await desk.get(added.headers[.location] ?? "").status == 200)
            let again = try await desk.ask(.post, "/api/v1/orchestrators", #"{"address": "https://127.0.0.1:3"}"#)
            #expect(again.status == 409 && again.fault["code"] as? String == "listed")

            let drained = try await desk.ask(.patch, Self.first, #"{"standing": "draining"}"#)
            #expect(drained.status == 200 && drained.object["standing"] as? String == "draining")
            let routed = try await desk.get("/routing/orchestrators")
            let seen = try JSONDecoder().decode([OrchestratorReport].self, from: Data(routed.text.utf8))
            #expect(seen.filter(\.isListed).map(\.id) == ["https://127.0.0.1:2", "https://127.0.0.1:3"])
            let classed = try await desk.ask(.patch, Self.first, #"{"standing": "active", "gpuClass": "datacenter-encode"}"#)
            #expect(classed.object["gpuClass"] as? String == "datacenter-encode" && classed.object["gpuSource"] as? String == "configured")
            let told = try await desk.ask(.patch, Self.first, #"{"gpuClass": null}"#)
            #expect(told.status == 200 && told.object["gpuClass"] == nil)
            let blocked = try await desk.ask(.patch, Self.first, #"{"standing": "blocked"}"#)
            #expect(blocked.object["standing"] as? String == "blocked")
            let removed = try await desk.ask(.delete, Self.first)
            #expect(removed.status == 204 && removed.text.isEmpty)
            #expect(try await names() == ["https://127.0.0.1:2", "https://127.0.0.1:3"])
        }
    }

    @Test func ofTwoOperatorsTheSecondIsTold() async throws {
        try await RunningDesk.serving(Self.two) { desk in
            for (path, body, other) in [
                (Self.first, #"{"standing": "draining"}"#, #"{"standing": "blocked"}"#),
                ("/api/v1/sla", #"{"latency": "70%"}"#, #"{"latency": "30%"}"#),
                ("/api/v1/tenants/acme/sla", #"{"maxPricePerPixelWei": 7}"#, #"{"maxPricePerPixelWei": 8}"#),
            ] {
                let tag = try #require(try await desk.get(path).tag, "\(path)")
                let mine = try await desk.ask(.patch, path, body, [.ifMatch: tag])
                #expect(mine.status == 200 && mine.tag != tag, "\(path): \(mine)")
                let late = try await desk.ask(.patch, path, other, [.ifMatch: tag])
                #expect(late.status == 412 && late.fault["code"] as? String == "changed-meanwhile", "\(path): \(late)")
                #expect(try await desk.get(path).tag == mine.tag, "\(path): nothing of the second holds")
                let known = try await desk.ask(.patch, path, other, [.ifMatch: try #require(mine.tag)])
                #expect(known.status == 200, "\(path): \(known)")
            }
            let config = try await desk.get("/api/v1/config")
            let stale = try await desk.ask(.post, "/api/v1/config/reload", "", [.ifMatch: "\"1\""])
            #expect(stale.status == 412)
            #expect(try await desk.ask(.post, "/api/v1/config/reload", "", [.ifMatch: config.tag ?? ""]).status == 200)
        }
    }

    @Test func whatIsWrongIsSaidWithWhereAndWhatIsRight() async throws {
        try await RunningDesk.serving(Self.two) { desk in
            let cases: [(HTTPRequest.Method, String, String, Int, String)] = [
                (.get, "/api/v1/nothing", "", 404, "GET /api/v1 names what there is"), (.get, "/api/v1/sla/x", "", 404, "names"),
                (.get, "/api/v1/streams/cam", "", 404, "lists them"), (.delete, "/api/v1/streams/cam", "", 404, "lists them"),
                (.get, "/api/v1/streams/..%2f", "", 404, "lists them"), (.post, "/api/v1/streams", "", 405, "GET"),
                (.get, "/api/v1/orchestrators/nobody:1", "", 404, "host:port"), (.post, "/api/v1/orchestrators", "x", 400, "address"),
                (.post, "/api/v1/orchestrators", "{}", 400, "address"),
                (.post, "/api/v1/orchestrators", #"{"address": "ftp://x/y"}"#, 400, "address"),
                (.post, "/api/v1/orchestrators", #"{"addres": "x:1"}"#, 400, "one of address, gpu, region, operator"),
                (.post, "/api/v1/orchestrators", #"{"address": 7}"#, 400, "address"),
                (.patch, Self.first, #"{"standing": "asleep"}"#, 400, "active, draining, blocked"),
                (.patch, Self.first, #"{"gpuClass": "no class!"}"#, 400, "letters, digits"), (.patch, Self.first, "{}", 400, "standing"),
                (.put, Self.first, "{}", 405, "GET, PATCH, DELETE"), (.get, "/api/v1/tenants/nobody", "", 404, "acme"),
                (.patch, "/api/v1/sla", #"{"latncy": "5%"}"#, 400, "latency"), (.delete, "/api/v1/sla", "", 405, "GET, PATCH"),
                (.post, "/api/v1/whatif", "{}", 400, "sla"), (.post, "/api/v1/whatif", #"{"sla": {"latency": "7"}}"#, 400, "sla"),
                (.post, "/api/v1/whatif", #"{"stream": "cam", "sla": {}}"#, 404, "live"),
                (.get, "/api/v1/events?types=everything", "", 400, "miss, hedge"),
                (.post, "/api/v1/config", "", 405, "GET"), (.get, "/api/v1/config/reload", "", 405, "POST"),
            ]
            for (method, path, body, status, right) in cases {
                let answer = try await desk.ask(method, path, body)
                #expect(answer.status == status, "\(method) \(path) \(body): \(answer)")
                #expect(answer.headers[.contentType] == "application/json")
                let fault = answer.fault
                #expect(fault["status"] as? Int == status && fault["what"] is String && fault["where"] is String, "\(answer)")
                #expect((fault["right"] as? String)?.contains(right) == true, "\(method) \(path) \(body): \(answer.text)")
                #expect(status != 405 || answer.headers[.allow] == fault["right"] as? String)
            }
            let large = try await desk.ask(.patch, "/api/v1/sla", String(repeating: " ", count: 70_000))
            #expect(large.status == 413)
        }
    }

    @Test func tenantsAreShownAndTheirKeysToAdministratorsAlone() async throws {
        let tokens = """

            admin:
              tokens:
                - {role: read, token: read-read-read-read}
                - {role: admin, token: admin-admin-admin}
            """
        try await RunningDesk.serving(Self.two + tokens) { desk in
            let shown = try await desk.get("/api/v1/tenants/acme", [.authorization: "Bearer admin-admin-admin"])
            #expect(shown.object["keys"] as? [String] == ["a-secret-key"] && shown.object["streams"] as? [String] == ["acme-"])
            #expect((shown.object["sla"] as? [String: Any])?["latency"] as? String == "50%")
            let masked = try await desk.get("/api/v1/tenants", [.authorization: "Bearer read-read-read-read"])
            #expect(masked.status == 200 && !masked.text.contains("a-secret-key") && masked.text.contains("\"keyCount\":1"))
            let config = try await desk.get("/api/v1/config", [.authorization: "Bearer read-read-read-read"])
            #expect(config.status == 200 && !config.text.contains("a-secret-key") && !config.text.contains("admin-admin"), "\(config.text)")
        }
    }

    @Test func aStreamIsListedExplainedPromisedAndStopped() async throws {
        try await RunningDesk.serving("profiles: P144p30fps16x9\nlingerMs: 60000\n") { desk in
            #expect(try await desk.push("cam") == 200)
            let detail = try await desk.get("/api/v1/streams/cam")
            let stream = try #require(detail.object["stream"] as? [String: Any])
            #expect(stream["isLive"] as? Bool == true && stream["origin"] as? String == "httpPush" && stream["height"] as? Int == 360)
            #expect((stream["renditions"] as? [[String: Any]])?.count == 2)
            #expect((detail.object["segments"] as? [[String: Any]])?.count == 1 && detail.tag != nil)
            // The last word of a decision comes after its rendition.
            try await soon("the decision") {
                let decisions = try await desk.get("/api/v1/streams/cam").object["decisions"] as? [[String: Any]]
                return decisions?.first?["choice"] as? String == "embedded"
            }
            let list = try await desk.get("/api/v1/streams").object["streams"] as? [[String: Any]]
            #expect(list?.first?["id"] as? String == "cam")
            let promised = try await desk.ask(.patch, "/api/v1/streams/cam/sla", #"{"latency": "90%"}"#)
            #expect(promised.status == 200 && promised.object["latency"] as? String == "90%", "\(promised)")
            #expect(try await desk.get("/routing/sla?stream=cam").object["latency"] as? String == "90%", "one truth, two doors")
            let playlist = try await desk.get("/stream/cam/source.m3u8")
            #expect(playlist.status == 200 && playlist.text.hasPrefix("#EXTM3U"), "the console plays from this port")
            #expect(try await desk.ask(.delete, "/api/v1/streams/cam").status == 202)
            try await soon("the end") { (try await desk.get("/api/v1/streams").text).contains("\"isLive\":false") }
            let twice = try await desk.ask(.delete, "/api/v1/streams/cam")
            #expect(twice.status == 409 && twice.fault["code"] as? String == "not-live")
        }
    }
}
