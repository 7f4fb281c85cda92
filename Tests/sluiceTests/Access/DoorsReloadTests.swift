import Foundation
import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import sluice

/// Whom the gateway lets in, changed while streams run.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DoorsReloadTests {
    private func serving(_ more: String, _ body: @Sendable (RunningDesk, _ jwt: String) async throws -> Void) async throws {
        let (jwt, file) = try SignedToken.settings("")
        defer { try? FileManager.default.removeItem(at: file) }
        try await RunningDesk.serving(more) { try await body($0, jwt) }
    }

    /// - Returns: keys that wait for a restart.
    private func reload(_ desk: RunningDesk, _ settings: String) async throws -> [String] {
        try desk.write(settings)
        let report = try await desk.ask(.post, "/api/v1/config/reload")
        #expect(report.status == 200, "\(report)")
        return report.object["waitingForRestart"] as? [String] ?? ["?"]
    }

    @Test func whoPublishesGoesOnAndWhoComesNextIsAsked() async throws {
        try await serving("profiles: none\n") { desk, jwt in
            #expect(try await desk.push("early", 0) == 200)
            #expect(try await reload(desk, "profiles: none\npublishers: {auth: token}\n" + jwt) == [])
            #expect(try await desk.push("early", 1) == 200, "it was let in without")
            let late = try await desk.push("cam1", 0, token: nil)
            #expect(late.status == 403 && late.text.contains("a token is needed"), "\(late)")
            let token = try SignedToken.make(#"{"publish":"cam*"}"#)
            #expect(try await desk.push("cam1", 0, token: token).status == 200)

            // Another audience: what was good when it came is good for its stream until that ends, and for no other.
            #expect(
                try await reload(
                    desk, "profiles: none\npublishers: {auth: token}\n" + jwt.replacing("audience: sluice", with: "audience: bank")) == [])
            #expect(try await desk.push("cam1", 1, token: token).status == 200)
            #expect(try await desk.push("cam2", 0, token: token).status == 403)
            #expect(try await desk.push("cam1", 2, token: nil).status == 403, "nobody slips in")
            let other = try SignedToken.make(#"{"publish":"cam*"}"#, audience: "bank")
            #expect(try await desk.push("cam1", 2, token: other).status == 200, "its publisher may have a new one")
            #expect(try await desk.media(.delete, "/live/cam1", [.authorization: "Bearer \(token)"]).status == 204)
            try await soon("it is over") { try await !desk.get("/api/v1/streams").text.contains(#""id":"cam1","isLive":true"#) }
            #expect(try await desk.push("cam1", 0, token: token).status == 403, "another life, today's rules")

            #expect(try await reload(desk, "profiles: none\n") == [])
            #expect(try await desk.push("cam3", 0) == 200, "nobody is asked any more")
        }
    }

    @Test func viewersAreAskedFromTheNextRequestOn() async throws {
        try await serving("profiles: none\n") { desk, jwt in
            for sequence in 0..<3 { #expect(try await desk.push("cam1", sequence) == 200) }
            let good = try SignedToken.make(#"{"view":"cam1"}"#)
            for folder in ["stream", "ll"] {
                let open = try await desk.media(.get, "/\(folder)/cam1/source.m3u8")
                #expect(open.status == 200 && open.headers[.cacheControl]?.contains("private") == false, "\(open)")
            }
            try desk.write("profiles: none\nviewers: {auth: token}\n" + jwt)
            let report = try await desk.ask(.post, "/api/v1/config/reload")
            #expect((report.object["notes"] as? [String])?.first?.contains("HLS") == true, "\(report)")
            for folder in ["stream", "ll"] {
                #expect(try await desk.media(.get, "/\(folder)/cam1/source.m3u8").status == 401)
                let shut = try await desk.media(.get, "/t/\(good)/\(folder)/cam1/source.m3u8")
                #expect(shut.status == 200 && shut.headers[.cacheControl]?.contains("private") == true, "\(shut)")
            }
            #expect(try await reload(desk, "profiles: none\n") == [])
            for folder in ["stream", "ll"] {
                #expect(try await desk.media(.get, "/\(folder)/cam1/source.m3u8").status == 200)
                let stays = try await desk.media(.get, "/t/\(good)/\(folder)/cam1/source.m3u8")
                #expect(stays.status == 200, "who came with a token plays on: \(stays)")
            }
        }
    }

    @Test func aWebhookThatTakesTheOthersPlaceIsAskedAndTheOldOneIsNot() async throws {
        let asked = Mutex<[String: Int]>([:])
        try await Answering.serving({ path in
            asked.withLock { $0[path, default: 0] += 1 }
            return path.hasPrefix("/yes") ? (.ok, "") : (.forbidden, "")
        }) { (port, _) async throws -> Void in
            @Sendable func settings(_ path: String) -> String {
                "profiles: none\nauthWebhook: http://127.0.0.1:\(port)\(path)\nviewers: {auth: webhook}\n"
            }
            try await RunningDesk.serving(settings("/no")) { (desk) async throws -> Void in
                #expect(try await desk.push("cam1", 0) == 403)
                #expect(try await reload(desk, settings("/yes")) == [])
                for sequence in 0..<3 { #expect(try await desk.push("cam1", sequence) == 200, "what the other one said is forgotten") }
                #expect(try await desk.media(.get, "/stream/cam1.m3u8").status == 200)
                #expect(try await reload(desk, settings("/no/more")) == [])
                #expect(try await desk.media(.get, "/stream/cam1.m3u8").status == 403, "the word of the other one is forgotten")
                #expect(try await desk.push("cam1", 3) == 200, "a stream that is live goes on")
            }
        }
        let counts = asked.withLock { $0 }
        #expect(counts == ["/no": 1, "/yes": 2, "/no/more": 1], "\(counts)")
    }

    @Test func keysThatCannotBeReadChangeNothingAndSayWhy() async throws {
        try await serving("profiles: none\n") { desk, jwt in
            let good = "profiles: none\npublishers: {auth: token}\nadmin: {jwt: on}\n" + jwt
            #expect(try await reload(desk, good) == [])
            let (publish, steer) = (try SignedToken.make(#"{"publish":"cam*"}"#), try SignedToken.make(#"{"role":"admin"}"#))
            #expect(try await desk.get("/api/v1/me").status == 401, "signed tokens from now on")
            try desk.write(
                "profiles: none\npublishers: {auth: token}\nadmin: {jwt: on}\nmaxStreams: 7\njwt: {keys: /nowhere.json, audience: sluice}\n"
            )
            let bearer: HTTPFields = [.authorization: "Bearer \(steer)"]
            let refused = try await desk.ask(.post, "/api/v1/config/reload", "", bearer)
            let what = refused.fault["what"] as? String ?? ""
            #expect(refused.status == 422 && what.contains("no keys could be read from /nowhere.json"), "\(refused)")
            let config = try await desk.get("/api/v1/config", bearer)
            #expect((config.object["problem"] as? String)?.contains("/nowhere.json") == true && config.text.contains("maxStreams"))
            #expect(try await desk.get("/getBroadcastConfig", bearer).status == 200, "the keys of before hold")
            #expect(try await desk.push("cam1", 0, token: publish).status == 200)
            #expect(
                try await desk.get("/api/v1/overview", bearer).text.contains(#""maxStreams":500"#), "nothing of that file holds")
        }
    }

    @Test func channelsOfResultsAskAsPlaylistsDo() async throws {
        try await serving("profiles: none\n") { desk, jwt in
            // There is no such channel: 404 from the table, where the door lets through.
            #expect(try await desk.media(.get, "/ai/trickle/cam1-out/next").status == 404)
            #expect(try await reload(desk, "profiles: none\nviewers: {auth: token}\n" + jwt) == [])
            let good = try SignedToken.make(#"{"view":"cam1-out"}"#)
            let asked = try await desk.media(.get, "/ai/trickle/cam1-out/next")
            #expect(asked.status == 401 && asked.text.contains("a token is needed"), "\(asked)")
            #expect(try await desk.media(.get, "/t/\(good)/ai/trickle/cam1-out/next").status == 404)
            #expect(try await desk.media(.get, "/ai/trickle/cam1-out/next", [.authorization: "Bearer \(good)"]).status == 404)
            #expect(try await desk.media(.get, "/t/\(good)/ai/trickle/cam2-out/next").status == 403)
            let write = try await desk.media(.post, "/t/\(good)/ai/trickle/cam1-out/0")
            #expect(write.status == 405 && write.headers[.allow] == "GET, HEAD", "\(write)")
        }
    }
}
