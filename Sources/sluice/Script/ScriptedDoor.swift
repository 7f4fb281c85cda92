import HTTPTypes
import Logging
import NIOCore
import SluiceNetwork
import SluiceSimulation
import SluiceTypes
import SluiceWire

/// The production endpoint of an orchestrator, held back and interrupted where the script says so: from one return of the
/// orchestrator to its next crash.
struct ScriptedDoor: HTTPResponder {
    /// That the request under way belongs to.
    @TaskLocal static var attempt: ScriptedAttempt?

    let orchestrator: Int
    let world: ScriptedWorld
    let endpoint: OrchestratorEndpoint
    let pending: PendingRenditions

    init(
        orchestrator: Int, world: ScriptedWorld, studio: ScriptedStudio?, serviceURI: String, logger: Logger
    ) throws {
        self.orchestrator = orchestrator
        self.world = world
        pending = PendingRenditions()
        endpoint = try OrchestratorEndpoint(
            service: ScriptedService(orchestrator: orchestrator, world: world, pending: pending, studio: studio), serviceURI: serviceURI,
            version: Sluice.version, asks: AskedPrices { _ in world.price(of: orchestrator) },
            renditions: RenditionStore(byteLimit: PendingRenditions.byteLimit), logger: logger)
    }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = String((request.head.path ?? "/").prefix { $0 != "?" })
        switch path {
        case "/net.Orchestrator/GetOrchestrator": try await answerQuestion(request, writer)
        case "/segment": try await answerSegment(request, writer)
        default:
            if let path = RenditionPath(path), let rendition = pending.take(path) {
                try await answerRendition(rendition, at: path, request, writer)
            } else {
                try await endpoint.respond(to: request, with: writer)
            }
        }
    }

    private func answerQuestion(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        switch await world.ask(orchestrator) {
        case .here: try await endpoint.respond(to: request, with: writer)
        case .full:
            try await writer.begin(.ok, headers: [.contentType: "application/grpc"])
            let text = "Invalid orchestrator request: OrchestratorCapped"
            try await writer.finish(trailers: [.grpcStatus: "2", .grpcMessage: GRPCFrame.encodeStatusText(text)])
        case .silent: throw HTTPAnswerAbandoned()
        }
    }

    private func answerSegment(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let fields = request.head.headerFields
        let calls = endpoint.calls
        let asked = try? SegmentRequest(
            segmentHeader: fields[.livepeerSegment], paymentHeader: fields[.livepeerPayment], offer: calls.identity.offer,
            tokens: calls.tokens, now: calls.clock.unixSeconds())
        let length = fields[.contentLength].flatMap { Int($0) } ?? 0
        guard let asked, let attempt = world.send(asked, bytes: length, to: orchestrator) else {
            // Out of order, or more than the script has room for: the endpoint has the words for it.
            return try await endpoint.respond(to: request, with: writer)
        }
        try await withTaskCancellationHandler {
            do {
                let held = request.held(until: { try await attempt.reached(.accepted) })
                try await Self.$attempt.withValue(attempt) { try await endpoint.respond(to: held, with: writer) }
            } catch let failure as LiveFailure {
                try await refuse(failure, writer)
            }
        } onCancel: {
            world.abort(attempt, before: .transcoded)
        }
    }

    /// Before the early 200.
    private func refuse(_ failure: LiveFailure, _ writer: HTTPResponseWriter) async throws {
        let text =
            switch failure {
            case .capped: "OrchestratorCapped"
            case .tokenRefused: SessionTokens.Verdict.invalid.rawValue
            case .broken, .busy, .halfAnswer, .wrongBytes: try await cutOff()
            }
        try await writer.send(.forbidden, headers: [.contentType: "text/plain; charset=utf-8"], body: ByteBuffer(string: text + "\n"))
    }

    private func answerRendition(
        _ rendition: PendingRenditions.Rendition, at path: RenditionPath, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter
    ) async throws {
        try await withTaskCancellationHandler {
            do {
                try await rendition.attempt.reached(.rendition(rendition.place))
                try await endpoint.respond(to: request, with: writer)
            } catch let failure as LiveFailure {
                let whole = endpoint.calls.renditions.find(session: path.session, name: path.name, file: path.file)
                guard let size = whole?.readableBytes, size > 1 else { throw HTTPAnswerAbandoned() }
                switch failure {
                case .wrongBytes: try await writer.send(.ok, headers: [.contentType: "video/mp2t"], body: Self.noise(size))
                case .halfAnswer:
                    try await writer.begin(.ok, headers: [.contentType: "video/mp2t", .contentLength: "\(size)"])
                    if let half = whole?.getSlice(at: whole?.readerIndex ?? 0, length: size / 2) { try await writer.write(half) }
                    throw HTTPAnswerAbandoned()
                case .broken, .capped, .busy, .tokenRefused: try await cutOff()
                }
            }
        } onCancel: {
            world.abort(rendition.attempt, before: .rendition(rendition.place))
        }
    }

    /// Says nothing until the crash closes the connection: an answer that a failure of its own would get is no crash.
    private func cutOff() async throws -> Never {
        for await _ in AsyncStream.makeStream(of: Never.self).stream {}
        throw HTTPAnswerAbandoned()
    }

    /// Bytes of no container.
    private static func noise(_ size: Int) -> ByteBuffer { ByteBuffer(repeating: 0x55, count: size) }
}

extension HTTPServerRequest {
    /// The same, but its body ends no sooner than `moment` returns.
    fileprivate func held(until moment: @escaping @Sendable () async throws -> Void) -> HTTPServerRequest {
        var held = self
        let body = body
        held.body = HTTPServerBody {
            // The place in the body is not in the iterator.
            var pieces = body.makeAsyncIterator()
            if let piece = try await pieces.next() { return piece }
            try await moment()
            return nil
        }
        return held
    }
}
