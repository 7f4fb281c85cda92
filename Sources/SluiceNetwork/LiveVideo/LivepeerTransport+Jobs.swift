import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// BYOC streams from the gateway's side: a token, a start that answers with channels, updates and a stop by calls (specs/byoc §3, §6.2).
extension LivepeerTransport {
    private static let tokenTime: Duration = .seconds(2)
    /// Beyond the time that the worker has: the orchestrator says by then that it had none to say. As for batch jobs (§5.1).
    private static let grace = 5

    func streamSession(
        _ request: LiveVideoRequest, _ known: KnownOrchestrator, _ body: @Sendable (LiveVideoChannels) async throws -> Void
    ) async throws {
        guard let job = request.order.job else { throw SegmentFailure(.cancelled, "no job") }
        let calls = StreamJobCalls(request, job, known)
        try await token(request.order.model, known)
        let legs = try await start(request, job, calls, known)
        do { try await lend(legs, calls: calls, body) } catch { throw Self.failure(error, at: known.id) }
    }

    /// It says whether there is room; off-chain there is nothing to pay with it.
    private func token(_ capability: String, _ known: KnownOrchestrator) async throws {
        let head = HTTPRequest(
            method: .get, scheme: known.scheme, authority: known.connection.authority.name, path: "/process/token",
            headerFields: [.livepeerAddress: JobHeader.senderText, .livepeerCapability: capability])
        let answer = try await Self.asked(head, nil, known, within: Self.tokenTime)
        guard answer.status == 200 else {
            throw SegmentFailure(.refused, "\(known.id) answered \(answer.status) to the call for a token: \(Self.line(answer))")
        }
        let tree: JSONTree
        do { tree = try JSONTree(parsing: answer.body.readableBytesView) } catch {
            throw SegmentFailure(.protocolViolation, "\(known.id): its job token: \(error)")
        }
        guard tree["available_capacity"]?.integer ?? 0 > 0 else {
            throw SegmentFailure(.busy, "\(known.id) has no place for '\(capability)'")
        }
    }

    private func start(
        _ request: LiveVideoRequest, _ job: StreamJob, _ calls: StreamJobCalls, _ known: KnownOrchestrator
    ) async throws -> LiveVideoLegs {
        let body = ByteBuffer(string: try StreamJobForms.workerStart(request.order.parameters))
        let (answer, headers) = try await calls.post(
            "/ai/stream/start", body, type: "application/json", id: calls.id, request: job.request, parameters: job.parameters,
            seconds: job.timeout + Self.grace, timeout: job.timeout)
        guard (200..<300).contains(answer.status) else {
            // All refusals are 400 in the reference, a lack of room too, which is no fault.
            let line = Self.line(answer)
            let isFull = answer.status == 503 || line.hasPrefix("No capacity available")
            throw SegmentFailure(isFull ? .busy : .refused, "\(known.id) answered \(answer.status): \(line)")
        }
        func url(_ name: HTTPField.Name, _ isNeeded: Bool) throws -> String {
            guard isNeeded else { return "" }
            guard let text = headers[name], !text.isEmpty else {
                throw SegmentFailure(.protocolViolation, "\(known.id): its answer to the start has no \(name)")
            }
            return text.hasPrefix("/") ? known.id.rawValue + text : text
        }
        return LiveVideoLegs(
            manifest: calls.id, input: try url(.publishURL, job.takesVideo), output: try url(.subscribeURL, job.makesVideo),
            control: try url(.controlURL, true), events: try url(.eventsURL, headers[.eventsURL] != nil),
            data: try url(.dataURL, job.saysData))
    }

    /// The first line of an answer, as it stands in messages.
    private static func line(_ answer: WorkerAnswer) -> String {
        String(String(buffer: answer.body).split(separator: "\n").first?.prefix(500) ?? "")
    }

    fileprivate static func asked(
        _ head: HTTPRequest, _ body: ByteBuffer?, _ known: KnownOrchestrator, within limit: Duration
    ) async throws -> WorkerAnswer {
        try await askedWithHeaders(head, body, known, within: limit).answer
    }

    fileprivate static func askedWithHeaders(
        _ head: HTTPRequest, _ body: ByteBuffer?, _ known: KnownOrchestrator, within limit: Duration
    ) async throws -> (answer: WorkerAnswer, headers: HTTPFields) {
        let connection = known.connection
        do {
            return try await SluiceNetwork.within(limit, of: "\(known.id)\(head.path ?? "")") {
                try await connection.exchange(head, body: body) { answer, body in
                    let bytes = try await body.collect(upTo: StreamJobForms.longest)
                    return (
                        WorkerAnswer(status: answer.status.code, contentType: answer.headerFields[.contentType], body: bytes),
                        answer.headerFields
                    )
                }
            }
        } catch let failure as SegmentFailure { throw failure } catch is CancellationError { throw CancellationError() } catch {
            throw SegmentFailure(.unreachable, "\(known.id): \(error)")
        }
    }
}

/// The calls about one session of a stream.
///
/// The identifier at the orchestrator is the stream's with the request's behind it, so that another session of the same stream may
/// begin there before this one has ended.
final class StreamJobCalls: StreamCalls {
    private enum Stop {
        case notYet
        case told(Task<WorkerAnswer, any Error>)
    }

    /// Seconds for the worker's answer to a stop.
    private static let stopTime = 5
    /// Of a stream's name in the identifier: orchestrators of ours take 128 bytes.
    private static let longestName = 110

    let id: String
    private let job: StreamJob
    private let capability: String
    private let known: KnownOrchestrator
    private let stopped = Mutex(Stop.notYet)

    init(_ request: LiveVideoRequest, _ job: StreamJob, _ known: KnownOrchestrator) {
        id = "\(request.order.streamID.prefix(Self.longestName))-\(RunnerKeys.name(8))"
        self.job = job
        capability = request.order.model
        self.known = known
    }

    func update(_ parameters: String) async throws -> WorkerAnswer {
        try await post(
            "/ai/stream/update", ByteBuffer(string: parameters), type: "application/json", id: id, request: "{}",
            parameters: job.parameters,
            seconds: job.timeout, timeout: job.timeout
        ).answer
    }

    /// In a task of its own, which is waited for: the end of its caller is among the reasons for a stop.
    func stop() async throws -> WorkerAnswer {
        let task = stopped.withLock { stopped in
            if case .told(let task) = stopped { return task }
            let task = Task {
                try await self.post(
                    "/ai/stream/stop", ByteBuffer(), type: "application/json", id: self.id,
                    request: JSONTree.members(["stream_id": .text(self.id)]).text, parameters: "{}", seconds: Self.stopTime,
                    timeout: Self.stopTime
                ).answer
            }
            stopped = .told(task)
            return task
        }
        return try await task.value
    }

    func post(
        _ path: String, _ body: ByteBuffer, type: String, id: String, request: String, parameters: String, seconds: Int, timeout: Int
    ) async throws -> (answer: WorkerAnswer, headers: HTTPFields) {
        let header = JobHeader.text(id: id, request: request, parameters: parameters, capability: capability, timeout: timeout)
        let head = HTTPRequest(
            method: .post, scheme: known.scheme, authority: known.connection.authority.name, path: path,
            headerFields: [.contentType: type, .contentLength: "\(body.readableBytes)", .livepeer: header])
        return try await LivepeerTransport.askedWithHeaders(head, body, known, within: .seconds(seconds))
    }
}

extension KnownOrchestrator {
    fileprivate var scheme: String { connection.authority.isSecure ? "https" : "http" }
}
