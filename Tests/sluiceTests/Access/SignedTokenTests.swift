import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceIdentity
import SluiceNetwork
import Testing

@testable import sluice

/// Signed tokens at the doors of a whole gateway.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SignedTokenTests {
    private func serving(_ more: String, _ body: @Sendable (RunningDesk) async throws -> Void) async throws {
        let (text, file) = try SignedToken.settings(more)
        defer { try? FileManager.default.removeItem(at: file) }
        try await RunningDesk.serving(text, body)
    }

    @Test func publishersShowATokenForTheirStreamWithEachSegment() async throws {
        try await serving("publishers:\n  auth: token\nprofiles: none\ntenants:\n  acme:\n    streams: [none]\n") { desk in
            let good = try SignedToken.make()
            let refused: [(String?, String)] = [
                (nil, "a token is needed to publish"), ("not.a.token", "cannot be read"), (try SignedToken.make(life: -60), "ended 6"),
                (try SignedToken.make(audience: "bank"), "for 'bank'"),
                (try SignedToken.make(secret: "another-secret-of-more-than-32-bytes"), "was not signed by a key"),
                (try SignedToken.make(#"{"publish":"other"}"#), "not for publishing stream 'cam1'"),
                (try SignedToken.make(#"{"publish":"cam1","tenant":"nobody"}"#), "names tenant 'nobody'"),
            ]
            for (token, reason) in refused {
                let answer = try await desk.push("cam1", 0, token: token)
                #expect(answer.status == (reason.contains("tenant") ? 500 : 403), "\(answer)")
                #expect(answer.text.contains(reason), "\(answer.text)")
            }
            #expect(try await desk.get("/api/v1/streams").text == #"{"streams":[]}"#, "refused before it began")
            #expect(try await desk.push("cam1", 0, token: good).status == 200)
            #expect(try await desk.get("/api/v1/tenants/acme").object["liveStreams"] as? [String] == ["cam1"], "its token's tenant")
            #expect(try await desk.push("cam1", 1, token: nil).status == 403, "nobody slips in")
            #expect(try await desk.push("cam1", 1, token: good).status == 200)
            #expect(try await desk.media(.delete, "/live/cam1").status == 403)
            #expect(try await desk.media(.delete, "/live/cam1", [.authorization: "Bearer \(good)"]).status == 204)
        }
    }

    @Test func operatorsComeWithATokenThatNamesTheirRole() async throws {
        try await serving("admin:\n  jwt: on\nprofiles: none\n") { desk in
            func ask(_ token: String?) async throws -> RunningDesk.Answer {
                try await desk.ask(.patch, "/api/v1/sla", #"{"latency": "60%"}"#, token.map { [.authorization: "Bearer \($0)"] } ?? [:])
            }
            #expect(try await ask(nil).status == 401)
            #expect(try await ask("no-token-at-all").status == 401)
            let over = try await ask(try SignedToken.make(life: -100))
            #expect(over.status == 401 && (over.fault["what"] as? String)?.contains("ended") == true, "\(over)")
            #expect(try await ask(try SignedToken.make(#"{"role":"read"}"#)).status == 403)
            let nothing = try await ask(try SignedToken.make("{}"))
            #expect(nothing.status == 403 && (nothing.fault["where"] as? String) == "its claim sluice.role", "\(nothing)")
            #expect(try await ask(try SignedToken.make(#"{"role":"king"}"#)).status == 403)
            #expect(try await ask(try SignedToken.make()).status == 200)
            let me = try await desk.get("/api/v1/me", [.authorization: "Bearer \(try SignedToken.make())"])
            #expect(me.object["name"] as? String == "tester" && me.object["role"] as? String == "operate")
        }
    }

    @Test func viewersCarryTheirTokenOnInThePath() async throws {
        try await serving("viewers:\n  auth: token\nprofiles: P144p30fps16x9\n") { desk in
            for sequence in 0..<3 { #expect(try await desk.push("cam1", sequence) == 200) }
            let good = try SignedToken.make()
            for folder in ["stream", "ll"] {
                let closed = try await desk.media(.get, "/\(folder)/cam1.m3u8")
                #expect(closed.status == 401 && closed.headers[.wwwAuthenticate] != nil, "\(closed)")
                #expect(try await desk.media(.get, "/\(folder)/cam1.m3u8?token=\(try SignedToken.make(life: -90))").status == 401)
                let other = try SignedToken.make(#"{"view":["cam2"]}"#)
                #expect(try await desk.media(.get, "/\(folder)/cam1.m3u8?token=\(other)").status == 403)
                #expect(try await desk.media(.get, "/t/\(other)/\(folder)/cam1/source.m3u8").status == 403)
                let preflight = try await desk.media(.options, "/\(folder)/cam1.m3u8")
                #expect(preflight.status == 204 && preflight.headers[.accessControlAllowHeaders] == "Range, Authorization")
                // As every player does: where it is sent, and on from there by what the playlists name.
                let sent = try await desk.media(.get, "/\(folder)/cam1.m3u8?jwt=\(good)&x=1")
                #expect(sent.status == 302 && sent.headers[.location] == "/t/\(good)/\(folder)/cam1.m3u8?x=1", "\(sent)")
                #expect(sent.headers[.cacheControl] == "no-store")
                let base = "/t/\(good)/\(folder)/"
                let listed = try await desk.media(.get, base + "cam1.m3u8")
                #expect(listed.status == 200 && !listed.text.contains(good), "\(listed)")
                let names = listed.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
                #expect(names.contains("cam1/source.m3u8"))
                for name in names {
                    let playlist = try await desk.media(.get, base + name)
                    #expect(playlist.status == 200 && playlist.headers[.cacheControl]?.hasPrefix("private") == true, "\(playlist)")
                    let segments = playlist.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
                    let segment = try #require(segments.last)
                    let media = try await desk.media(.get, base + "cam1/" + segment)
                    #expect(media.status == 200 && media.headers[.cacheControl]?.contains("public") == false, "\(media.headers)")
                    #expect(try await desk.media(.get, "/\(folder)/cam1/" + segment).status == 401)
                }
                let header = try await desk.media(.get, "/\(folder)/cam1/source.m3u8", [.authorization: "Bearer \(good)"])
                #expect(header.status == 200, "a player that sends a header needs no path")
            }
            #expect(try await desk.media(.get, "/t//stream/cam1.m3u8").status == 404)
            #expect(try await desk.media(.get, "/t/\(good)/live/cam1/0.ts").status == 404)
            #expect(try await desk.get("/stream/cam1.m3u8").status == 200, "the console has its own door")
        }
    }

    @Test(arguments: [
        ("publishers:\n  auth: token\n", "nothing to check tokens by"), ("viewers:\n  auth: token\n", "nothing to check tokens by"),
        ("admin:\n  jwt: on\n", "nothing to check tokens by"), ("jwt:\n  keys: /x.json\n", "say whom they are for"),
        ("jwt:\n  keys: /x\n  secretFile: /y\n  audience: a\n", "one of them is right"),
        ("jwt:\n  keys: ftp://x/y\n  audience: a\n", "a URL like https://"),
        ("jwt:\n  keys: /x\n  audience: a\n  algorithms: [none]\n", "HS256"), ("viewers:\n  auth: webhook\n", "viewers.webhook"),
        ("viewers:\n  webhook: nowhere\n", "a URL like https://"), ("jwt:\n  leewayMs: -1\n", "0 to 600000"),
    ]) func settingsThatLetNobodyInAreRefused(text: String, wish: String) throws {
        let error = #expect(throws: SettingsError.self) {
            try withSettingsFile(text) { path in
                var reader = try SettingsReader(file: path, flags: [:], environment: [:])
                _ = try GatewayFileSettings(&reader)
            }
        }
        #expect(error?.description.contains(wish) == true, "\(String(describing: error))")
    }

    @Test func theKeysAreReadFromWhereTheyAreWithinTimeAndSize() async throws {
        let document =
            #"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#
        let pages: [String: (HTTPResponse.Status, String)] = [
            "/good": (.ok, document), "/html": (.ok, "<html>sorry</html>"), "/gone": (.notFound, ""),
            "/large": (.ok, String(repeating: " ", count: IdentityKeys.largest + 1)),
        ]
        try await Answering.serving({ pages[$0] }) { (port, group) async throws -> Void in
            func read(_ path: String) async throws -> Int {
                try await IdentityKeys(source: .address(WebAddress("http://127.0.0.1:\(port)\(path)")), group: group).read().count
            }
            let count = try await read("/good")
            #expect(count == 1)
            for path in ["/html", "/gone", "/large", "/hangs"] {
                let began = ContinuousClock.now
                let result: Result<Int, any Error>
                do { result = .success(try await read(path)) } catch { result = .failure(error) }
                #expect(throws: (any Error).self, "\(path)") { try result.get() }
                #expect(began.duration(to: .now) < .seconds(20))
            }
        }
    }
}

/// A server with a script of pages; it hangs where it has none.
struct Answering: HTTPResponder {
    let page: @Sendable (String) -> (HTTPResponse.Status, String)?

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard let (status, text) = page(request.head.path ?? "") else { return try await Task.sleep(for: .seconds(600)) }
        try await writer.send(status, body: ByteBuffer(string: text))
    }

    static func serving(
        _ page: @escaping @Sendable (String) -> (HTTPResponse.Status, String)?, _ body: (Int, any EventLoopGroup) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = HTTPServer(
            host: "127.0.0.1", port: 0, tls: nil, responder: Answering(page: page), group: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let port = try await server.start()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            defer { tasks.cancelAll() }
            try await body(port, group)
        }
    }
}
