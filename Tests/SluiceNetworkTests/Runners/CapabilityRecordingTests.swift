import Foundation
import HTTPTypes
import NIOCore
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceNetwork

enum HeaderText {
    static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}

/// What the reference's orchestrator was asked of BYOC, and what it said: ours says the same, but for what it does better.
@Suite(.timeLimit(.minutes(1))) struct CapabilityRecordingTests {
    private struct Exchange: Decodable {
        var name: String
        var request: String
        var response: String
    }

    /// Where ours differs on purpose: the parser's own words; tickets that keep the reference's gateways alive.
    private static func expected(_ exchange: Exchange) -> String {
        switch exchange.name {
        case "token", "token-unknown-capability":
            exchange.response.replacing(#""sig":"0x"},"#, with: #""sig":"0x"},"ticket_params":{},"#)
        default: exchange.response
        }
    }

    @Test func theOrchestratorsPart() async throws {
        let all = try JSONDecoder().decode([Exchange].self, from: Data(try TrickleRecording.text("byoc.json").utf8))
        let exchanges = all.filter { !$0.name.hasPrefix("gateway") }
        #expect(exchanges.count == 12)
        try await RunnerDoor.opened(uri: "https://127.0.0.1:8945") { door in
            for exchange in exchanges {
                let answer = try await RawTrickle.ask(door.port, exchange.request)
                let theirs = TrickleRecording.answer(Self.expected(exchange))
                #expect(answer.status == theirs.status, "\(exchange.name)")
                #expect(answer["content-type"] == theirs["content-type"], "\(exchange.name)")
                if exchange.name == "capability-register-bad-json" {
                    #expect(answer.body.hasPrefix("Error registering capability: "))
                } else {
                    #expect(answer.body == theirs.body, "\(exchange.name)")
                }
            }
        }
    }

    @Test func aStreamKeepsAPlaceAndItsWorkerIsTold() async throws {
        try await RunnerApp.running { app in
            try await RunnerDoor.opened { door in
                let form = #"{"name":"cap","url":"\#(app.url)","capacity":1}"#
                _ = try await door.ask("POST", "/capability/register", headers: ["Authorization: s3cret"], body: form)
                let json =
                    #"{"id":"s1","request":"{}","parameters":"{\"enable_video_ingress\":true,\"enable_data_output\":true}","capability":"cap","timeout_seconds":9}"#
                let header = ["Livepeer: \(HeaderText.base64(json))"]
                let start = try await door.ask("POST", "/ai/stream/start", headers: header, body: #"{"params":{"width":320}}"#)
                #expect(start.code == 200 && start["x-subscribe-url"] == nil && start["x-data-url"] != nil)
                let told = try JSONTree(parsing: start.body.utf8)
                let sent = try JSONTree(parsing: try #require(told["echo"]?.string).utf8)
                #expect(told["path"]?.string == "/stream/start" && told["hdr"]?["X-Stream-Id"]?.string == "s1")
                #expect(sent["gateway_request_id"]?.string == "s1" && sent["params"]?["width"]?.integer == 320)
                #expect(sent["subscribe_url"]?.string == start["x-publish-url"])
                #expect(door.book.offers.first?.available == 0)
                let again = try await door.ask("POST", "/ai/stream/start", headers: header, body: "{}")
                #expect(again.code == 400 && again.body == "No capacity available for capability\n")
                let input = RunnerDoor.path(try #require(start["x-publish-url"]))
                #expect(try await door.ask("POST", "\(input)/0", body: "media").code == 200)
                let update = try await door.ask("POST", "/ai/stream/update", headers: header, body: #"{"strength":0.5}"#)
                #expect(try JSONTree(parsing: update.body.utf8)["path"]?.string == "/stream/params")
                #expect(try await door.ask("POST", "/ai/stream/payment", headers: header)["livepeer-balance"] == "0")
                let stop = try await door.ask("POST", "/ai/stream/stop", headers: header)
                #expect(try JSONTree(parsing: stop.body.utf8)["path"]?.string == "/stream/stop")
                #expect(door.book.offers.first?.available == 1)
                #expect(try await door.ask("POST", "/ai/stream/stop", headers: header).code == 404)
            }
        }
    }

    /// The header of a stream's start, as a client sends it.
    private func header(_ id: String, request: String = "{}", inner: String = #"{"enable_video_ingress":true}"#) -> [String] {
        let json = JSONTree.members([
            "id": .text(id), "request": .text(request), "parameters": .text(inner), "capability": "cap", "timeout_seconds": .int(9),
        ])
        return ["Livepeer: \(HeaderText.base64(json.text))"]
    }

    private func started(_ door: RunnerDoor, _ worker: SaidWorker) async throws -> RawTrickle.Answer {
        let form = #"{"name":"cap","url":"http://127.0.0.1:\#(worker.port)","capacity":1}"#
        _ = try await door.ask("POST", "/capability/register", headers: ["Authorization: s3cret"], body: form)
        let start = try await door.ask("POST", "/ai/stream/start", headers: header("s1"), body: "{}")
        #expect(start.code == 200)
        return start
    }

    /// What the reference's gateway sends has no identifier in updates and stops (byoc-wire.json).
    @Test func theReferencesUpdatesAndStopsFindTheirStream() async throws {
        try await SaidWorker.running { worker in
            try await RunnerDoor.opened { door in
                _ = try await started(door, worker)
                let update = try await door.ask("POST", "/ai/stream/update", headers: header(""), body: #"{"strength":0.5}"#)
                #expect(update.code == 200)
                let stop = try await door.ask(
                    "POST", "/ai/stream/stop", headers: header("", request: #"{"stream_id":"s1"}"#, inner: ""))
                #expect(stop.code == 200 && worker.paths == ["/stream/start", "/stream/params", "/stream/stop"])
                #expect(door.book.offers.first?.available == 1)
                #expect(try await door.ask("POST", "/ai/stream/update", headers: header(""), body: "{}").code == 404)
            }
        }
    }

    @Test func aWorkerIsToldWithinASecondThatItsGatewayIsGone() async throws {
        try await SaidWorker.running { worker in
            try await RunnerDoor.opened(runs: true) { door in
                let start = try await started(door, worker)
                let events = RunnerDoor.path(try #require(start["x-events-url"]))
                // A gateway that reads events, is seen, and goes.
                try await RawTrickle.connected(to: door.port) { peer in
                    try await peer.outbound.write(ByteBuffer(string: "GET \(events)/0 HTTP/1.1\r\nHost: x\r\n\r\n"))
                    try await Task.sleep(for: .milliseconds(1500))
                    #expect(worker.paths == ["/stream/start"])
                }
                let gone = ContinuousClock.now
                try await door.until("the worker is told") { worker.paths.last == "/stream/stop" }
                #expect(gone.duration(to: .now) < .seconds(1) && door.book.offers.first?.available == 1)
            }
        }
    }

    /// It begins all the same, and nobody would ever end it.
    @Test func aStartThatNobodyWaitsForIsStopped() async throws {
        try await SaidWorker.running { worker in
            worker.isSlow.withLock { $0 = true }
            try await RunnerDoor.opened(runs: true) { door in
                let form = #"{"name":"cap","url":"http://127.0.0.1:\#(worker.port)","capacity":1}"#
                _ = try await door.ask("POST", "/capability/register", headers: ["Authorization: s3cret"], body: form)
                let head = ["POST /ai/stream/start HTTP/1.1", "Host: x", "Content-Length: 2"] + header("s1")
                try await RawTrickle.connected(to: door.port) { peer in
                    try await peer.say(head.joined(separator: "\r\n") + "\r\n\r\n{}")
                    try await door.until("the worker is asked") { worker.paths == ["/stream/start"] }
                }
                try await door.until("the worker is told") { worker.paths.last == "/stream/stop" }
                try await door.until("its place is free") { door.book.offers.first?.available == 1 }
            }
        }
    }

    @Test func aWorkerIsToldWhenItsPlaceIsTakenAwayAndWhenTheOrchestratorEnds() async throws {
        try await SaidWorker.running { worker in
            try await RunnerDoor.opened(runs: true) { door in
                _ = try await started(door, worker)
                _ = try await door.ask("POST", "/capability/unregister", headers: ["Authorization: s3cret"], body: "cap")
                try await door.until("the worker is told") { worker.paths == ["/stream/start", "/stream/stop"] }
            }
            try await RunnerDoor.opened(runs: true) { door in _ = try await started(door, worker) }
            #expect(worker.paths == ["/stream/start", "/stream/stop", "/stream/start", "/stream/stop"])
        }
    }
}

/// A worker that says yes, and remembers what it was asked.
private final class SaidWorker: HTTPResponder {
    private let asked = Mutex<[String]>([])
    private let bound = Mutex(0)
    let isSlow = Mutex(false)

    var port: Int { bound.withLock { $0 } }
    var paths: [String] { asked.withLock { $0 } }

    static func running(_ body: (SaidWorker) async throws -> Void) async throws {
        let worker = SaidWorker()
        try await TestServer.serving(worker, tls: false) { server in
            worker.bound.withLock { $0 = server.port }
            try await body(worker)
        }
    }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        asked.withLock { $0.append(request.head.path ?? "") }
        // Its model takes longer to load than anybody waits.
        if request.head.path == "/stream/start", isSlow.withLock({ $0 }) { try? await Task.sleep(for: .seconds(600)) }
        try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: "{}"))
    }
}
