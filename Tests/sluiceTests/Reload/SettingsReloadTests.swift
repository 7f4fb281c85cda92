import Foundation
import HTTPTypes
import SluiceGateway
import Testing

@testable import sluice

@Suite(.serialized, .timeLimit(.minutes(2))) struct SettingsReloadTests {
    private struct Config: Decodable {
        struct Setting: Decodable {
            var key: String
            var value: String?
            var source: String
            var `default`: String?
            var needsRestart: Bool
        }

        var file: String?
        var problem: String?
        var waitingForRestart: [String]
        var settings: [Setting]

        func of(_ key: String) -> Setting? { settings.first { $0.key == key } }
    }

    private func config(_ desk: RunningDesk) async throws -> Config {
        try JSONDecoder().decode(Config.self, from: Data(try await desk.get("/api/v1/config").text.utf8))
    }

    @Test func whatHoldsIsShownWithWhereItComesFrom() async throws {
        try await RunningDesk.serving("# first\nprofiles: none\nsla:\n  percentile: 0.8\n") { desk in
            let config = try await config(desk)
            let percentile = try #require(config.of("sla.percentile"))
            #expect(percentile.value == "0.8" && percentile.default == "0.9" && percentile.source == "\(desk.file.path) line 4")
            #expect(config.of("maxStreams")?.value == "500" && config.of("maxStreams")?.source == "default")
            #expect(config.of("sla.latency")?.value == "60%" && config.of("lowLatency.window")?.value == "6")
            #expect(config.of("admin.port")?.source == "flag" && config.of("admin.port")?.needsRestart == true)
            #expect(config.of("sla.hedgeBudget")?.needsRestart == false && config.file == desk.file.path)
        }
    }

    @Test func theFileIsTakenUpWhenItIsWrittenAndABadOneChangesNothing() async throws {
        try await RunningDesk.serving("profiles: P144p30fps16x9\norchestrators: [\"127.0.0.1:1\"]\n") { desk in
            func level() async throws -> String? { try await desk.get("/api/v1/sla").object["latency"] as? String }
            func names() async throws -> String { try await desk.get("/api/v1/orchestrators").text }
            try desk.write(
                """
                profiles: P240p30fps16x9
                maxStreams: 7
                rtmp: {maxConnections: 5}
                orchestrators: ["127.0.0.1:2"]
                sla: {latency: 45%}
                tenants: {new: {streams: [new-], sla: {percentile: 0.7}}}
                """)
            try await soon("the new level") { try await level() == "45%" }
            let orchestrators = try await names()
            #expect(orchestrators.contains("127.0.0.1:2") && !orchestrators.contains("127.0.0.1:1"))
            #expect(try await desk.get("/getBroadcastConfig").text.contains("P240p30fps16x9"))
            #expect(try await desk.get("/api/v1/tenants/new").status == 200)
            #expect(try await desk.get("/metrics").text.contains("livepeer_max_sessions_total{node_id"))
            let taken = try await config(desk)
            #expect(taken.waitingForRestart == ["rtmp.maxConnections"] && taken.problem == nil)

            try desk.write("sla: {latency: 20%}\nmaxStreams: none\n")
            try await soon("the complaint") { try await config(desk).problem != nil }
            let problem = try #require(try await config(desk).problem)
            #expect(problem.contains("maxStreams = 'none'") && problem.contains("line 2"), "\(problem)")
            #expect(try await level() == "45%", "nothing of a bad file holds")
            let asked = try await desk.ask(.post, "/api/v1/config/reload")
            #expect(asked.status == 422 && (asked.fault["what"] as? String)?.contains("maxStreams") == true, "\(asked)")

            try desk.write("sla: {latency: 30%}\norchestrators: [\"127.0.0.1:2\"]\n")
            try await soon("the mended file") { try await level() == "30%" }
            let mended = try await config(desk)
            #expect(mended.problem == nil && mended.waitingForRestart == [])
        }
    }

    @Test func aFileThatIsWrittenToWhileItIsReadIsNotTaken() throws {
        try withSettingsFile("profiles: none\n") { path in
            let source = SettingsSource(file: path, flags: [:])
            let before = try source.load().settings.role.profiles
            #expect(before.isEmpty)
            let error = #expect(throws: SettingsError.self) {
                try source.load { file, flags in
                    defer {
                        // The other half comes a moment later.
                        if let handle = FileHandle(forWritingAtPath: path) {
                            _ = try? handle.seekToEnd()
                            try? handle.write(contentsOf: Data("maxStreams: 7\n".utf8))
                            try? handle.close()
                        }
                    }
                    return try SettingsReader(file: file, flags: flags, environment: [:])
                }
            }
            #expect(error?.description.contains("written to while it was read") == true)
            let taken = try source.load().settings.role.maxStreams
            #expect(taken == 7)
        }
    }

    @Test func whatOperatorsChangedStaysUnlessTheFileSaysSomethingElse() async throws {
        try await RunningDesk.serving("profiles: none\norchestrators: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nsla: {latency: 50%}\n") { desk in
            _ = try await desk.ask(.patch, "/api/v1/sla", #"{"percentile": 0.7}"#)
            _ = try await desk.ask(.patch, "/api/v1/orchestrators/127.0.0.1%3A2", #"{"standing": "draining"}"#)
            _ = try await desk.ask(.post, "/api/v1/orchestrators", #"{"address": "127.0.0.1:3"}"#)
            try desk.write("profiles: none\norchestrators: [\"127.0.0.1:2\"]\nsla: {latency: 50%}\n")
            let report = try await desk.ask(.post, "/api/v1/config/reload")
            #expect(report.object["changed"] as? [String] == ["orchestrators"], "\(report)")
            #expect(try await desk.get("/api/v1/sla").object["percentile"] as? Double == 0.7)
            let list = try await desk.get("/api/v1/orchestrators").object["orchestrators"] as? [[String: Any]] ?? []
            #expect(list.map { $0["id"] as? String } == ["https://127.0.0.1:2", "https://127.0.0.1:3"])
            #expect(list.first?["standing"] as? String == "draining")
        }
    }

    @Test func tokensChangeAtOnceAndTheLastOneCannotGoWhereOthersReachThePort() async throws {
        @Sendable func file(_ name: String) -> String { "admin:\n  tokens: [\"admin:\(name)\"]\nprofiles: none\n" }
        try await RunningDesk.serving(file("the-first-token-00")) { desk in
            try desk.write(file("the-second-token-0"))
            try await soon("the second token") {
                try await desk.get("/api/v1/me", [.authorization: "Bearer the-second-token-0"]).status == 200
            }
            #expect(try await desk.get("/api/v1/me", [.authorization: "Bearer the-first-token-00"]).status == 401)
        }
    }

    @Test func aStreamGoesOnThroughAReload() async throws {
        try await RunningDesk.serving("profiles: P144p30fps16x9\n") { desk in
            #expect(try await desk.push("cam", 0) == 200)
            try desk.write("profiles: P144p30fps16x9\nattempts: 2\nplaylistWindow: 9\nsla: {latency: 80%}\n")
            #expect(try await desk.ask(.post, "/api/v1/config/reload").status == 200)
            #expect(try await desk.push("cam", 1) == 200)
            let playlist = try await desk.get("/stream/cam/P144p30fps16x9.m3u8").text
            #expect(
                playlist.contains("0.ts") && playlist.contains("1.ts") && !playlist.contains("#EXT-X-DISCONTINUITY\n")
                    && !playlist.contains("GAP"))
        }
    }
}
