import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceRouting
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct AuthWebhookTests {
    /// An operator's server: a script of answers by the last element of the URL it is asked about.
    private final class Operator: HTTPResponder {
        let asked = Mutex<[String]>([])
        let answers: @Sendable (String) -> (HTTPResponse.Status, String)?

        init(_ answers: @escaping @Sendable (String) -> (HTTPResponse.Status, String)?) { self.answers = answers }

        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            let body = String(buffer: try await request.body.collect(upTo: 1 << 20))
            asked.withLock { $0.append("\(request.head.method) \(request.head.path ?? "") \(body)") }
            guard let (status, text) = answers(body) else {
                try await Task.sleep(for: .seconds(600))
                return
            }
            try await writer.send(status, body: ByteBuffer(string: text))
        }
    }

    private func asking(
        _ server: Operator, timeout: Duration = .seconds(40), _ body: (AuthWebhook) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let http = HTTPServer(
            host: "127.0.0.1", port: 0, tls: nil, responder: server, group: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let port = try await http.start()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await http.run() }
            defer { tasks.cancelAll() }
            let url = try #require(RemoteURL("http://127.0.0.1:\(port)/auth?from=sluice"))
            try await body(try AuthWebhook(url: url, timeout: timeout, group: group, duration: AuthWebhook.durations(in: MetricRegistry())))
        }
    }

    private func request(_ name: String) throws -> PublishRequest {
        PublishRequest(
            stream: try #require(StreamID(name)), key: "rk", origin: .rtmp, remoteAddress: "192.0.2.1",
            url: "rtmp://127.0.0.1:1935/live/\(name)/rk?tok=xyz")
    }

    private func refusal(_ webhook: AuthWebhook, _ request: PublishRequest) async -> PublishRefusal? {
        do { _ = try await webhook.ask(request) } catch { return error }
        return nil
    }

    @Test func theQuestionIsTheReferencesWithTheAddressBesideIt() async throws {
        let server = Operator { _ in (.ok, "") }
        try await asking(server) { webhook in
            let answer = try await webhook.ask(try request("mid"))
            #expect(answer.stream == nil && answer.key == nil && answer.profiles == nil)
        }
        #expect(
            server.asked.withLock { $0 } == [
                #"POST /auth?from=sluice {"remoteAddress":"192.0.2.1","url":"rtmp://127.0.0.1:1935/live/mid/rk?tok=xyz"}"#
            ])
    }

    @Test func aRefusalIsRememberedForAMoment() async throws {
        let server = Operator { _ in (.forbidden, "denied by hook") }
        try await asking(server) { webhook in
            for name in ["no", "no", "no", "other"] {
                let refused = await refusal(webhook, try request(name))
                #expect(refused == .denied("the auth webhook answered 403"))
            }
        }
        #expect(server.asked.withLock { $0.count } == 2)
    }

    @Test func silenceIsANo() async throws {
        try await asking(Operator { _ in nil }, timeout: .milliseconds(100)) { webhook in
            guard case .denied(let text) = await refusal(webhook, try request("cam")) else {
                Issue.record("let in")
                return
            }
            #expect(text.contains("did not answer") && text.contains("no answer within"), "\(text)")
        }
        let nowhere = try AuthWebhook(
            url: try #require(RemoteURL("http://127.0.0.1:1/auth")), timeout: .seconds(20), group: MultiThreadedEventLoopGroup.singleton,
            duration: AuthWebhook.durations(in: MetricRegistry()))
        guard case .denied(let text) = await refusal(nowhere, try request("cam")) else {
            Issue.record("let in")
            return
        }
        #expect(text.contains("cannot connect to http://127.0.0.1:1"), "\(text)")
    }

    @Test(arguments: [
        (HTTPResponse.Status.ok, "<html><body>Welcome to nginx</body></html>", "is no JSON object"),
        (.internalServerError, "<html>oops</html>", "answered 500"), (.internalServerError, "", "answered 500"),
        (.noContent, "", "answered 204"), (.found, "", "answered 302"),
    ]) func whatIsNoAnswerIsANo(status: HTTPResponse.Status, body: String, reason: String) async throws {
        try await asking(Operator { _ in (status, body) }) { webhook in
            guard case .denied(let text) = await refusal(webhook, try request("cam")) else {
                Issue.record("let in")
                return
            }
            #expect(text.contains(reason), "\(text)")
        }
    }

    @Test func viewersAreAskedAboutAsWhatTheyAreAndOnce() async throws {
        let server = Operator { $0.contains("token=good") ? (.ok, "<html>any body</html>") : (.forbidden, "") }
        try await asking(server) { webhook in
            let viewers = WebhookViewers(webhook, memory: .seconds(600))
            func view(_ token: String?) throws -> ViewRequest {
                ViewRequest(
                    stream: try #require(StreamID("cam")), token: token, remoteAddress: "192.0.2.1", url: "http://host:9935/ll/cam.m3u8")
            }
            let (good, bare) = (try view("good one"), try view(nil))
            #expect(viewers.known(good) == nil)
            for _ in 0..<20 { #expect(await viewers.ask(good) == .allowed) }
            #expect(viewers.known(good) == .allowed)
            #expect(await viewers.ask(bare) == .denied("the auth webhook answered 403"))
            #expect(viewers.known(bare) == .denied("the auth webhook answered 403"), "for a moment")
        }
        #expect(
            server.asked.withLock { $0 } == [
                #"POST /auth?from=sluice {"action":"read","remoteAddress":"192.0.2.1","url":"http://host:9935/ll/cam.m3u8?token=good%20one"}"#,
                #"POST /auth?from=sluice {"action":"read","remoteAddress":"192.0.2.1","url":"http://host:9935/ll/cam.m3u8"}"#,
            ])
    }

    /// The network's orchestrators sign their own certificates; who decides about publishers must not be anybody.
    @Test func whoSignsItsOwnCertificateIsNotBelieved() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let certificate = try SelfSignedCertificate.make(host: "127.0.0.1")
        let server = Operator { _ in (.ok, "") }
        let https = HTTPServer(
            host: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificatePEM: certificate.certificatePEM, keyPEM: certificate.keyPEM),
            responder: server, group: group, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let port = try await https.start()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await https.run() }
            defer { tasks.cancelAll() }
            let url = try #require(RemoteURL("https://127.0.0.1:\(port)/auth"))
            let webhook = try AuthWebhook(
                url: url, timeout: .seconds(40), group: group, duration: AuthWebhook.durations(in: MetricRegistry()))
            guard case .denied(let text) = await refusal(webhook, try request("cam")) else {
                Issue.record("let in")
                return
            }
            #expect(text.contains("cannot connect to https://127.0.0.1:\(port)"), "\(text)")
        }
        #expect(server.asked.withLock { $0.isEmpty })
    }

    @Test func anEndlessAnswerIsNotReadIntoMemory() async throws {
        let server = Operator { _ in (.ok, String(repeating: " ", count: 1 << 20)) }
        try await asking(server) { webhook in
            guard case .denied(let text) = await refusal(webhook, try request("cam")) else {
                Issue.record("let in")
                return
            }
            #expect(text.contains("over 262144 bytes"), "\(text)")
        }
    }
}

@Suite struct AuthAnswerTests {
    private func answer(_ json: String) throws -> AuthAnswer { try AuthAnswer(ByteBuffer(string: json)) }

    private func complaint(_ json: String) -> String {
        do { _ = try answer(json) } catch { return "\(error)" }
        return "no error"
    }

    /// As recorded between the reference and a webhook (captures/webhooks.json).
    @Test func theReferencesAnswersAreUnderstood() throws {
        let presets = try answer(#"{"manifestID": "given-mid", "streamKey": "given-key", "presets": ["P144p30fps16x9"]}"#)
        #expect(presets.stream?.rawValue == "given-mid" && presets.key == "given-key")
        #expect(presets.profiles?.map(\.name) == ["P144p30fps16x9"])
        let custom = try answer(
            #"{"manifestID": "custom-mid", "profiles": [{"name": "a", "width": 320, "height": 180, "bitrate": 300000, "fps": 0, "fpsDen": 1, "profile": "H264Baseline", "gop": "1.0"}, {"name": "c", "width": 160, "height": 90, "bitrate": 100000, "fps": 15}]}"#
        )
        #expect(custom.profiles?.map(\.name) == ["a", "c"] && custom.key == nil)
        let session = try answer(
            #"{"manifestID": "sess-mid", "sessionID": "sess-id", "profiles": [], "timeoutMultiplier": 2, "objectStore": "", "recordObjectStore": "s3://x", "previousSessions": ["old1"]}"#
        )
        #expect(session.profiles == [] && session.unheeded == ["recordObjectStore", "previousSessions"])
        #expect(try answer(#"{"manifestID": "live/cam"}"#).stream?.rawValue == "cam")
        #expect(try answer("").stream == nil)
    }

    @Test func ourOwnFieldsSayWhatIsPromised() throws {
        let answer = try answer(#"{"manifestID": "cam", "tenant": "acme", "sla": {"latency": "400ms", "onMiss": "lower"}}"#)
        #expect(answer.tenant == "acme")
        let level = try answer.serviceLevel.applied(to: ServiceLevel())
        #expect(level.latency == .seconds(0.4) && level.onMiss == .lower)
    }

    @Test(arguments: [
        ("{not json", "is no JSON object"), ("{}", "has no manifestID"), (#"{"manifestID": ""}"#, "has no manifestID"),
        (#"{"manifestID": "a/b/c"}"#, "has manifestID 'a/b/c'"),
        (
            #"{"manifestID": "m", "profiles": [{"name": "q0", "width": 320, "height": 180, "bitrate": 300000, "profile": "NoSuch"}]}"#,
            "profile `nosuch`"
        ),
        (#"{"manifestID": "m", "sla": {"latency": "1%"}}"#, "from 5% to 1000%"),
        (#"{"manifestID": "m", "sla": 5}"#, "an sla that is no object"),
    ]) func whatCannotBeUsedIsNamed(json: String, part: String) {
        let text = complaint(json)
        #expect(text.hasPrefix("the auth webhook's answer") && text.contains(part), "\(text)")
    }

    /// What a model is to make of the stream (specs/live-ai-protocol §8.1); such a webhook names no stream.
    @Test func whatIsSaidOfLiveVideoIsTaken() throws {
        let answer = try answer(
            #"{"pipeline":"tint","pipeline_id":"p1","stream_id":"s1","pipeline_parameters":{"tint":[1,0.5,0]},"rtmp_output_url":"rtmp://a/live/x","outputs":["rtmp://b/live/y"]}"#
        )
        let grant = try #require(answer.liveVideo)
        #expect(answer.stream == nil)
        #expect(grant.model == "tint" && grant.pipelineID == "p1" && grant.streamID == "s1")
        #expect(grant.outputs == ["rtmp://a/live/x", "rtmp://b/live/y"])
        #expect(grant.parameters == #"{"tint":[1,0.5,0]}"#)
        #expect(try self.answer(#"{"manifestID":"cam"}"#).liveVideo == nil)
    }

    @Test func aWorkflowAloneIsMeantAsThePrompt() throws {
        #expect(try answer(#"{"pipeline":"comfyui","pipeline_parameters":{"3":{}}}"#).liveVideo?.parameters == #"{"prompt":{"3":{}}}"#)
        #expect(try answer(#"{"pipeline":"comfyui","pipeline_parameters":{"prompt":1}}"#).liveVideo?.parameters == #"{"prompt":1}"#)
    }

    @Test(arguments: [#""pipeline":7"#, #""pipeline_parameters":[1]"#, #""outputs":"rtmp://a/live/x""#, #""rtmp_output_url":1"#])
    func liveVideoThatMeansNothingIsRefused(field: String) {
        #expect(throws: AuthAnswer.Fault.self) { try answer(#"{"manifestID":"cam","# + field + "}") }
    }
}
