import HTTPTypes
import NIOCore
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Requests passed on to a real application (aiohttp), and to ones that misbehave.
@Suite(.timeLimit(.minutes(2))) struct RunnerProxyTests {
    // MARK: What goes well

    @Test(arguments: [false, true]) func methodsQueriesHeadersAndBodiesArrive(chunked: Bool) async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url)
                let session = try await door.reserve("a").path
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                    let body = method == "GET" ? nil : "the body of \(method)"
                    let answer: RawTrickle.Answer
                    if chunked, let body {
                        let framed = body.map { "1\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"
                        answer = try await RawTrickle.ask(
                            door.port,
                            "\(method) \(session)/app/x%2Fy?q=%20 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Mine: 1\r\n\r\n\(framed)"
                        )
                    } else {
                        answer = try await door.ask(
                            method, "\(session)/app/x%2Fy?q=%20", headers: ["X-Mine: 1", "Connection: X-Hop", "X-Hop: 1"], body: body)
                    }
                    #expect(answer.code == 200, "\(method)")
                    let told = try JSONTree(parsing: answer.body.utf8)
                    #expect(told["method"]?.string == method)
                    #expect(told["path"]?.string == "/x%2Fy?q=%20")
                    #expect(told["echo"]?.string == body ?? "")
                    #expect(told["hdr"]?["X-Mine"]?.string == "1")
                    #expect(told["hdr"]?["X-Hop"] == nil && told["hdr"]?["Connection"] == nil)
                    #expect(told["hdr"]?["Livepeer-Session-Id"]?.string == session.split(separator: "/").last.map(String.init))
                }
            }
        }
    }

    @Test func aClientCannotPretendToBeTheOrchestrator() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                let answer = try await door.ask(
                    "GET", "/apps/a/app/x", headers: ["livepeer-session-token: forged", "Livepeer-Session-Id: forged"])
                let told = try JSONTree(parsing: answer.body.utf8)
                #expect(told["hdr"]?["Livepeer-Session-Token"]?.string?.utf8.count == 52)
                #expect(!answer.body.contains("forged"))
            }
        }
    }

    @Test func manyRequestsOfOneConnectionUseOneConnection() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot, capacity: 1)
                try await RawTrickle.connected(to: door.port) { raw in
                    for number in 0..<200 {
                        try await raw.say("GET /apps/a/app/\(number) HTTP/1.1\r\nHost: x\r\n\r\n")
                        let answer = try await raw.answer()
                        #expect(answer.code == 200, "\(number): \(answer)")
                    }
                }
                #expect(door.used("a") == 0)
            }
        }
    }

    @Test func headHasNoBodyAndNoContentHasNone() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                let answer = try await door.ask("HEAD", "/apps/a/app/big?n=100")
                #expect(answer.code == 200 && answer["content-length"] == "100")
                try await door.until("the place is free") { door.used("a") == 0 }
            }
        }
    }

    @Test func eventsComeOneByOne() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url)
                let session = try await door.reserve("a").path
                try await RawTrickle.connected(to: door.port) { raw in
                    try await raw.say("GET \(session)/app/events?wait=1 HTTP/1.1\r\nHost: x\r\n\r\n")
                    let head = try await raw.head()
                    #expect(head["content-type"] == "text/event-stream")
                    var heard = ""
                    while !heard.contains(": tick") { heard += try #require(try await raw.chunk()) }
                    #expect(heard.hasPrefix("data: 0\n\ndata: 1\n\ndata: 2\n\n"))
                }
                // The client has gone, and the application knows.
                try await door.until("the app's reader is gone") { try await app.number("/readers") == 0 }
            }
        }
    }

    @Test func proxyURLsLeadToTheirSession() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, proxy: true)
                try door.runner("b", at: app.url, mode: .singleShot, proxy: true)
                let reserved = try JSONTree(parsing: try await door.ask("POST", "/apps/a/session").body.utf8)
                let url = try #require(reserved["app_url"]?.string)
                #expect(url.contains("/run/"))
                let answer = try await door.ask("GET", RunnerDoor.path(url) + "/deep?x=1")
                #expect(try JSONTree(parsing: answer.body.utf8)["path"]?.string == "/deep?x=1")
                #expect(try await door.ask("GET", "/run/b/deep").code == 200)
                #expect(try await door.ask("GET", "/run/nosuch/deep").code == 404)
            }
        }
    }

    @Test func aPathCannotLeaveItsApp() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url + "/inner", mode: .singleShot)
                let inside = try await door.ask("GET", "/apps/a/app/x")
                #expect(try JSONTree(parsing: inside.body.utf8)["path"]?.string == "/inner/x")
                for path in ["../x", "%2e%2E/x", "x/../../y", "."] {
                    let answer = try await door.ask("GET", "/apps/a/app/\(path)")
                    #expect(answer.code == 400 && answer.body == "'.' and '..' are no elements of an app's path\n", "\(path)")
                }
            }
        }
    }

    @Test func aLargeBodyPassesBothWays() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                let answer = try await door.ask("GET", "/apps/a/app/big?n=20000000")
                #expect(answer.body.utf8.count == 20_000_000 && !answer.isBroken)
                let body = String(repeating: "x", count: 5_000_000)
                let echoed = try await door.ask("POST", "/apps/a/app/x", body: body)
                #expect(try JSONTree(parsing: echoed.body.utf8)["echo"]?.string == body)
            }
        }
    }

    @Test func byHTTP2AsByHTTP1() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened(tls: true) { door in
                try door.runner("a", at: app.url, mode: .singleShot, capacity: 4)
                let peer = TestServer(server: try Self.unused(), port: door.port, isSecure: true)
                let client = try peer.client()
                let body = ByteBuffer(string: "by two")
                let (status, text) = try await client.exchange(peer.head(.post, "/apps/a/app/x"), body: body) { head, body in
                    (head.status.code, String(buffer: try await body.collect(upTo: 1 << 20)))
                }
                #expect(status == 200)
                #expect(try JSONTree(parsing: text.utf8)["echo"]?.string == "by two")
                let refused = try await client.exchange(peer.head(.get, "/apps/nosuch/app/x")) { head, body in
                    (head.status.code, String(buffer: try await body.collect(upTo: 1 << 20)))
                }
                #expect(refused == (404, "runner not found\n"))
                let large = try await client.exchange(peer.head(.get, "/apps/a/app/big?n=3000000")) { _, body in
                    try await body.collect(upTo: 4 << 20).readableBytes
                }
                #expect(large == 3_000_000)
                await client.close()
                try await door.until("all places are free") { door.used("a") == 0 }
            }
        }
    }

    private static func unused() throws -> HTTPServer {
        HTTPServer(
            host: "127.0.0.1", port: 0, tls: nil, responder: GatedResponder(), group: MultiThreadedEventLoopGroup.singleton,
            logger: TestServer.quiet)
    }

    // MARK: What goes wrong

    @Test func oneThatIsNotThereIsNamed() async throws {
        try await RunnerDoor.opened { door in
            try door.runner("a", at: "http://127.0.0.1:1", mode: .singleShot)
            let answer = try await door.ask("POST", "/apps/a/app/x", body: "body")
            #expect(answer.code == 502)
            #expect(answer.body.hasPrefix("the runner gave no answer: it cannot be reached: "))
            try await door.until("the place is free") { door.used("a") == 0 }
            _ = try await door.ask("GET", "/apps/a/app/x")
            try await door.until("two misses hide it") { door.book.offers.isEmpty }
        }
    }

    @Test(arguments: [
        ("this is no HTTP\r\n\r\n", "it answered what is no HTTP: "),
        ("HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n", "it answered what is no HTTP: "),
        ("", "it closed the connection before its answer was complete"),
        ("HTTP/1.1 200 OK\r\nConte", "it closed the connection before its answer was complete"),
    ]) func garbageIsABadGateway(said: String, words: String) async throws {
        try await SaidPeer.listening(said) { peer in
            let port = peer.port
            try await RunnerDoor.opened { door in
                try door.runner("a", at: "http://127.0.0.1:\(port)", mode: .singleShot)
                let answer = try await door.ask("GET", "/apps/a/app/x")
                #expect(answer.code == 502)
                #expect(answer.body.hasPrefix("the runner gave no answer: \(words)"), "\(answer.body)")
                try await door.until("the place is free") { door.used("a") == 0 }
            }
        }
    }

    @Test func oneThatHangsIsGivenUp() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened(adjust(answerTime: .milliseconds(300))) { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                let answer = try await door.ask("POST", "/apps/a/app/hang", body: "x")
                #expect(answer.code == 504)
                #expect(answer.body == "the runner gave no answer: it gave no answer within 0 s\n")
                try await door.until("the app is told") { try await app.number("/readers") == 0 }
                #expect(door.used("a") == 0)
            }
        }
    }

    private func adjust(answerTime: Duration) -> (inout RunnerDesk.Settings) -> Void { { $0.answerTime = answerTime } }

    @Test func oneThatDiesInItsAnswerBreaksItOff() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                let answer = try await door.ask("GET", "/apps/a/app/die")
                #expect(answer.code == 200 && answer.isBroken, "a half answer is not made to look whole")
                try await door.until("the place is free") { door.used("a") == 0 }
            }
        }
    }

    /// A client that does not read stops the application: nothing piles up between them.
    @Test func aFloodWaitsForItsReader() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                try await RawTrickle.connected(to: door.port, receiveBuffer: 4096) { raw in
                    try await raw.say("GET /apps/a/app/flood HTTP/1.1\r\nHost: x\r\n\r\n")
                    _ = try await raw.head()
                    // It stands still once all buffers on the way are full.
                    var last = -1
                    while true {
                        let sent = try await app.number("/sent")
                        if sent == last { break }
                        last = sent
                        try await Task.sleep(for: .milliseconds(150))
                    }
                    #expect(last < 32 << 20, "\(last) bytes are on their way")
                }
                try await door.until("the place is free") { door.used("a") == 0 }
            }
        }
    }

    @Test func aClientThatGoesAwayFreesThePlaceAtOnce() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url, mode: .singleShot)
                try await RawTrickle.connected(to: door.port) { raw in
                    try await raw.say("POST /apps/a/app/hang HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
                    try await door.until("the app works on it") { try await app.number("/readers") == 1 }
                    #expect(door.used("a") == 1)
                }
                let left = ContinuousClock.now
                try await door.until("place free, app told") {
                    try await app.number("/readers") == 0 && door.used("a") == 0
                }
                #expect(left.duration(to: .now) < .seconds(1))
            }
        }
    }

    @Test func theEndOfASessionEndsWhatItHasOpen() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                try door.runner("a", at: app.url)
                let session = try await door.reserve("a").path
                try await RawTrickle.connected(to: door.port) { raw in
                    try await raw.say("GET \(session)/app/events?wait=1 HTTP/1.1\r\nHost: x\r\n\r\n")
                    _ = try await raw.head()
                    _ = try await raw.chunk()
                    #expect(try await door.ask("POST", "\(session)/stop").code == 204)
                    while let piece = try await raw.chunk() { #expect(!piece.isEmpty, "it does not look whole") }
                }
                try await door.until("the app is told") { try await app.number("/readers") == 0 }
                let late = try await door.ask("GET", "\(session)/app/x")
                #expect(late.code == 404 && late.body == "session not found\n")
            }
        }
    }

    @Test func anUnreadBodyOfARefusedRequestEndsItsConnection() async throws {
        try await RunnerDoor.opened { door in
            let answer = try await RawTrickle.ask(
                door.port, "POST /apps/nosuch/app/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nonly a little")
            #expect(answer.code == 404 && answer["connection"] == "close")
        }
    }
}
