import HTTPTypes
import Logging
import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// BYOC on an orchestrator beside its batch requests (specs/byoc §2, §3 and §6.2): registration, job tokens, streams. A capability is a
/// single-shot runner; a stream keeps one of its places.
package final class CapabilityEndpoint: HTTPResponder {
    /// As the reference's own limit for streams (§6.1).
    private static let longestStart = 10 << 20
    private static let longestForm = 64 << 10
    private static let longestAnswer = 10 << 20
    private static let mostStreams = 1000

    /// A gateway is always at its channels, with a request for the next segment; one that was there, and is at none for so long, is gone.
    private static let gatewayGone: Duration = .milliseconds(700)
    /// How often streams are looked at: the bound on how late that is noticed.
    private static let lookInterval: Duration = .milliseconds(100)
    /// For a worker's answer to the stop of a stream that nobody waits for.
    private static let stopSeconds = 2

    private struct Stream {
        var id: String
        var session: RunnerSession
        var capability: String
        /// Its worker was told to start, and is to be told to stop.
        var isRunning = false
        var gatewaySeen: ContinuousClock.Instant?

        /// What the gateway writes and reads; those that were not made are used by nobody.
        var written: [String] { ["in", "control"].map { "\(session.id)-\($0)" } }
        var read: [String] { ["events", "out", "data"].map { "\(session.id)-\($0)" } }
    }

    private let desk: RunnerDesk
    private let pool: HTTPClientPool
    /// By the identifier that the gateway chose.
    private let streams = Mutex<[String: Stream]>([:])
    /// Streams whose workers are to be told; there are no more than streams.
    private let ended: AsyncStream<Stream>
    private let end: AsyncStream<Stream>.Continuation

    package init(_ desk: RunnerDesk) {
        self.desk = desk
        pool = HTTPClientPool(group: desk.group)
        (ended, end) = AsyncStream.makeStream(of: Stream.self)
        desk.service.watch({ [weak self] event in self?.told(event) }, isBusy: { _ in false })
    }

    package static func owns(_ path: some StringProtocol) -> Bool {
        ["/capability/register", "/capability/unregister", "/process/token"].contains(String(path)) || path.hasPrefix("/ai/stream/")
    }

    package func close() async { await pool.close() }

    private func told(_ event: RunnerEvent) {
        guard case .released(let session, _, let reason, _) = event else { return }
        let gone = streams.withLock { streams in
            streams.first { $0.value.session.id == session }.flatMap { streams.removeValue(forKey: $0.key) }
        }
        // Who stops it here has told the worker, or was refused by it.
        if let gone, gone.isRunning, reason != .stopped { end.yield(gone) }
    }

    /// Watches the streams until the task is cancelled; their workers are told when they end, and by then.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(for: Self.lookInterval)) != nil { self.look(at: .now) }
            }
            for await stream in ended { group.addTask { await self.tellStop(stream) } }
        }
        let left = streams.withLock { streams in
            defer { streams = [:] }
            return streams.values.filter(\.isRunning)
        }
        await withDiscardingTaskGroup { group in
            for stream in left { group.addTask { await self.tellStop(stream) } }
        }
    }

    private func look(at now: ContinuousClock.Instant) {
        for stream in streams.withLock({ Array($0.values) }) where stream.isRunning {
            if desk.channels.areUsed(written: stream.written, read: stream.read) {
                streams.withLock { $0[stream.id]?.gatewaySeen = now }
                _ = desk.service.renew(stream.session.id)
            } else if let seen = stream.gatewaySeen, seen.duration(to: now) > Self.gatewayGone {
                desk.logger.info("stream ended", metadata: ["stream": "\(stream.id)", "reason": "its gateway is gone"])
                desk.service.release(stream.session.id, .holderLost)
            }
        }
    }

    private func tellStop(_ stream: Stream) async {
        // In a task of its own, which is waited for: the shutdown, which cancels this one, is among the reasons.
        let telling = Task {
            _ = try? await self.ask(
                stream.session, "/stream/stop", ByteBuffer(), type: nil, stream: stream.id, seconds: Self.stopSeconds)
        }
        await telling.value
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = String((request.head.path ?? "").prefix { $0 != "?" })
        let wanted: HTTPRequest.Method = path == "/process/token" ? .get : .post
        guard request.head.method == wanted else { return try await writer.say(.methodNotAllowed, "Method not allowed") }
        do {
            switch path {
            case "/capability/register": try await register(request, writer)
            case "/capability/unregister": try await unregister(request, writer)
            case "/process/token": try await token(request, writer)
            case "/ai/stream/start": try await start(request, writer)
            case "/ai/stream/update": try await pass(request, to: "/stream/params", writer)
            case "/ai/stream/stop": try await stop(request, writer)
            case "/ai/stream/payment": try await writer.send(.ok, headers: [.livepeerBalance: "0"])
            default: try await writer.say(.notFound, "404 page not found")
            }
        } catch let error as HTTPBodyTooLarge {
            try await writer.say(.contentTooLarge, error.description)
        }
    }

    // MARK: Registration and tokens

    private func register(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard desk.isOrchestratorSecret(request.head.headerFields[.authorization]) else {
            return try await writer.say(.badRequest, "invalid authorization")
        }
        let body = try await request.body.collect(upTo: Self.longestForm)
        do {
            let form = try CapabilityForm.registration(try JSONTree(parsing: body.readableBytesView))
            let facts = RunnerFacts(url: form.url, app: form.app, mode: .singleShot, capacity: form.capacity)
            try desk.service.register(CapabilityRunner(facts: facts, description: form.description, token: form.token))
            try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: "ok"))
        } catch let fault as JSONFault {
            try await registrationFailed(fault.description, writer)
        } catch let refusal as RunnerRefusal {
            try await registrationFailed(refusal.text, writer)
        }
    }

    private func registrationFailed(_ why: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(
            .badRequest, headers: [.contentType: "application/json"], body: ByteBuffer(string: "Error registering capability: \(why)"))
    }

    private func unregister(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard desk.isOrchestratorSecret(request.head.headerFields[.authorization]) else {
            return try await writer.say(.badRequest, "invalid authorization")
        }
        let name = String(buffer: try await request.body.collect(upTo: RunnerForm.longestText))
        _ = desk.service.unregister(capability: name)
        try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: "ok"))
    }

    private func token(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard let header = request.head.headerFields[.livepeerAddress] else {
            return try await writer.say(.badRequest, "Must have eth address and signature on address in Livepeer-Eth-Address header")
        }
        guard let sender = CapabilityForm.sender(header) else { return try await writer.say(.badRequest, "Invalid eth address header ") }
        let name = request.head.headerFields[.livepeerCapability] ?? ""
        let available = desk.service.offers.filter { $0.facts.app == name && $0.facts.mode == .singleShot }.reduce(0) { $0 + $1.available }
        let token = CapabilityForm.token(sender: sender, serviceURI: desk.answers.serviceURI, available: available)
        try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: token.text + "\n"))
    }

    // MARK: Streams

    private func job(_ request: HTTPServerRequest) -> JobHeader? { try? JobHeader(request.head.headerFields[.livepeer] ?? "") }

    private func start(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard let job = job(request) else { return try await writer.say(.badRequest, "Could not verify job creds") }
        guard !job.id.isEmpty, job.id.utf8.count <= 128, job.id.utf8.allSatisfy(RunnerForm.isUnreserved) else {
            return try await writer.say(.badRequest, "id '\(job.id)': letters, digits, '-', '_' and '.' are right")
        }
        let body = try await request.body.collect(upTo: Self.longestStart)
        let given: JSONTree
        do { given = body.readableBytes == 0 ? .object([]) : try JSONTree(parsing: body.readableBytesView) } catch {
            return try await writer.say(.badRequest, error.description)
        }
        // Not the gateway's own name alone, which others can guess (§10.9): the gateway is told the URLs.
        let id = SessionID("\(job.id)-\(RunnerKeys.name(16))")
        let session: RunnerSession
        do { session = try desk.service.keep(app: job.capability, as: id) } catch {
            return try await writer.say(
                .badRequest, error == .noCapacity || error == .noSuchRunner ? "No capacity available for capability" : error.text)
        }
        let isNew = streams.withLock { streams in
            guard streams[job.id] == nil, streams.count < Self.mostStreams else { return false }
            streams[job.id] = Stream(id: job.id, session: session, capability: job.capability)
            return true
        }
        guard isNew else {
            desk.service.release(id, .stopped)
            return try await writer.say(.badRequest, "stream '\(job.id)' is there already, or there are \(Self.mostStreams), the limit")
        }
        do { try await begin(job, session, given, writer) } catch {
            let begun = streams.withLock { $0[job.id] }
            desk.service.release(id, .stopped)
            // Who asked has gone meanwhile; the worker may have begun all the same.
            if let begun, begun.isRunning, begun.session.id == id { end.yield(begun) }
            throw error
        }
    }

    private func begin(_ job: JobHeader, _ session: RunnerSession, _ given: JSONTree, _ writer: HTTPResponseWriter) async throws {
        var wanted = [
            RunnerChannel(name: "control", contentType: "application/json"), RunnerChannel(name: "events", contentType: "application/json"),
        ]
        if job.wantsVideoIn { wanted.append(RunnerChannel(name: "in", contentType: "video/MP2T")) }
        if job.wantsVideoOut { wanted.append(RunnerChannel(name: "out", contentType: "video/MP2T")) }
        if job.wantsData { wanted.append(RunnerChannel(name: "data", contentType: "application/jsonl")) }
        let made = try desk.service.addChannels(wanted, to: session.id)
        for channel in made where !desk.channels.create("\(session.id)-\(channel.name)", channel.contentType) {
            desk.service.release(session.id, .stopped)
            return try await writer.say(.serviceUnavailable, "the orchestrator has no room for more trickle channels")
        }
        func url(_ base: String, _ name: String) -> String? {
            made.contains { $0.name == name } ? "\(base)/ai/trickle/\(session.id)-\(name)" : nil
        }
        let inner = desk.answers.runnerBase
        var members = [
            "control_url": url(inner, "control"), "data_url": url(inner, "data"), "events_url": url(inner, "events"),
            "publish_url": url(inner, "out"), "subscribe_url": url(inner, "in"), "gateway_request_id": job.id,
        ].compactMapValues { $0.map(JSONTree.text) }
        // Ours go before what a gateway sends under the same names.
        if case .object(let others) = given { for other in others where members[other.key] == nil { members[other.key] = other.value } }
        let body = JSONTree.object(members.sorted { $0.key < $1.key }.map { JSONTree.Member($0.key, $0.value) })
        streams.withLock { $0[job.id]?.isRunning = true }
        let answer = try await ask(
            session, "/stream/start", ByteBuffer(string: body.text), type: "application/json", stream: job.id, seconds: job.timeout)
        guard answer.status < 400 else {
            desk.service.release(session.id, .stopped)
            return try await send(answer, writer)
        }
        let outer = desk.answers.serviceURI
        var headers: HTTPFields = [.livepeerBalance: "0"]
        headers[.controlURL] = url(outer, "control")
        headers[.eventsURL] = url(outer, "events")
        headers[.publishURL] = url(outer, "in")
        headers[.subscribeURL] = url(outer, "out")
        headers[.dataURL] = url(outer, "data")
        try await writer.send(.ok, headers: headers, body: answer.body)
    }

    /// The stream that a job is about. The reference's gateways name none in an update (seen): then it is the only one of its capability.
    private func find(_ job: JobHeader) -> Stream? {
        streams.withLock { streams in
            let name = job.id.isEmpty ? job.streamID : job.id
            if !name.isEmpty { return streams[name] }
            let fitting = streams.values.filter { $0.capability == job.capability }
            return fitting.count == 1 ? fitting.first : nil
        }
    }

    private func pass(_ request: HTTPServerRequest, to path: String, _ writer: HTTPResponseWriter) async throws {
        guard let job = job(request) else { return try await writer.say(.badRequest, "Could not verify job creds") }
        guard let stream = find(job) else { return try await writer.say(.notFound, "Stream not found") }
        let body = try await request.body.collect(upTo: Self.longestStart)
        _ = desk.service.renew(stream.session.id)
        try await send(
            try await ask(
                stream.session, path, body, type: request.head.headerFields[.contentType], stream: stream.id, seconds: job.timeout),
            writer)
    }

    /// Its place is free whatever the worker says.
    private func stop(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard let job = job(request) else { return try await writer.say(.badRequest, "Could not verify job creds") }
        guard let stream = find(job) else { return try await writer.say(.notFound, "Stream not found") }
        defer { desk.service.release(stream.session.id, .stopped) }
        let body = try await request.body.collect(upTo: Self.longestStart)
        try await send(
            try await ask(
                stream.session, "/stream/stop", body, type: request.head.headerFields[.contentType], stream: stream.id, seconds: job.timeout
            ),
            writer)
    }

    private typealias Answer = (status: Int, type: String?, body: ByteBuffer)

    private func send(_ answer: Answer, _ writer: HTTPResponseWriter) async throws {
        // 401 would say that the gateway is not let in; it is we who are not.
        try await writer.send(
            HTTPResponse.Status(code: answer.status == 401 ? 500 : answer.status), headers: answer.type.map { [.contentType: $0] } ?? [:],
            body: answer.body)
    }

    /// A worker that does not answer counts as 502 and 504.
    private func ask(_ session: RunnerSession, _ path: String, _ body: ByteBuffer, type: String?, stream: String, seconds: Int) async throws
        -> Answer
    {
        let address: WebAddress
        do { address = try WebAddress(session.url) } catch { return (502, nil, ByteBuffer(string: "\(error)\n")) }
        let root = address.path == "/" ? "" : address.path
        var head = HTTPRequest(
            method: .post, scheme: address.authority.isSecure ? "https" : "http", authority: address.authority.hostHeader,
            path: root + path,
            headerFields: [.contentLength: "\(body.readableBytes)", .streamID: stream])
        head.headerFields[.contentType] = type
        if !session.bearer.isEmpty { head.headerFields[.authorization] = "Bearer \(session.bearer)" }
        let (pool, request) = (pool, head)
        do {
            return try await withThrowingTaskGroup(of: Answer.self) { group in
                group.addTask {
                    try await pool.exchange(with: address.authority, request, body: body.readableBytes > 0 ? body : nil) { head, body in
                        (head.status.code, head.headerFields[.contentType], try await body.collect(upTo: Self.longestAnswer))
                    }
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(seconds))
                    return (504, nil, ByteBuffer(string: "the worker gave no answer within \(seconds) s\n"))
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw CancellationError() }
                return first
            }
        } catch is CancellationError { throw CancellationError() } catch {
            desk.service.missed(session.runner)
            return (502, nil, ByteBuffer(string: "the worker gave no answer: \(error)\n"))
        }
    }
}
