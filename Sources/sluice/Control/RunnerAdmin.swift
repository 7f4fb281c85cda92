import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceOrchestrator
import SluiceTypes

/// The operator's runners, before the rest of an orchestrator's admin port: `/registerLiveRunners` (specs/byoc §12.1), `/runners`, and
/// `/runners/LABEL/log`.
struct RunnerAdmin: HTTPResponder {
    let runners: RunnerEndpoint
    let keeper: RunnerKeeper
    let rest: AdminEndpoint

    private static let prefix = "/runners/"
    private static let log = "/log"

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = String((request.head.path ?? "").prefix { $0 != "?" })
        switch path {
        case "/registerLiveRunners":
            guard try await mayPass(request, writer, [.post], .operate, "registering runners") else { return }
            try await runners.register(request, writer)
        case "/runners":
            guard try await mayPass(request, writer, [.get, .head], .read, "looking") else { return }
            try await writer.send(json: keeper.standings.map(KeptRunnerReport.init))
        case _ where path.hasPrefix(Self.prefix) && path.hasSuffix(Self.log):
            // What a runner writes may have secrets in it.
            guard try await mayPass(request, writer, [.get, .head], .operate, "reading a runner's log") else { return }
            let raw = path.dropFirst(Self.prefix.count).dropLast(Self.log.count)
            guard let lines = keeper.log(of: raw.removingPercentEncoding ?? String(raw)) else {
                return try await writer.send(
                    .notFound, headers: [.contentType: "text/plain; charset=utf-8"],
                    body: ByteBuffer(string: "no runner '\(raw)' is started from here; /runners shows who is\n"))
            }
            try await writer.send(
                .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
                body: ByteBuffer(string: lines.map { $0 + "\n" }.joined()))
        default: try await rest.respond(to: request, with: writer)
        }
    }

    private func mayPass(
        _ request: HTTPServerRequest, _ writer: HTTPResponseWriter, _ methods: [HTTPRequest.Method], _ role: AccessRole, _ doing: String
    ) async throws -> Bool {
        guard methods.contains(request.head.method) else {
            try await writer.send(.methodNotAllowed, headers: [.allow: methods.map(\.rawValue).joined(separator: ", ")])
            return false
        }
        do {
            try await rest.access.visitor(request.head).require(role, for: doing)
            return true
        } catch {
            let answer = error.answer
            try await writer.send(answer.status, headers: answer.headers, body: answer.body)
            return false
        }
    }
}

/// One of `/runners`.
struct KeptRunnerReport: Encodable, Sendable {
    let label: String
    let app: String
    let kind: String
    let phase: String
    /// In this phase.
    let seconds: Double
    let restarts: Int
    let runner: String?
    let url: String?
    let place: String?
    let progress: String?
    let lastFault: String?
    /// Why nothing can be done or known of it at the moment.
    let obstacle: String?
    let nextStartSeconds: Double?

    init(_ standing: KeptRunner.Standing) {
        let now = ContinuousClock.now
        label = standing.order.facts.label
        app = standing.order.facts.app
        kind = standing.order.kind
        phase = standing.phase.rawValue
        self.seconds = (standing.since.duration(to: now).inSeconds * 10).rounded() / 10
        restarts = standing.restarts
        runner = standing.id?.rawValue
        url = standing.place?.url
        place = standing.place.flatMap { $0.id.isEmpty ? nil : $0.id }
        progress = standing.progress
        lastFault = standing.lastFault
        obstacle = standing.obstacle
        nextStartSeconds = standing.nextStart.map { max(0, (now.duration(to: $0).inSeconds * 10).rounded() / 10) }
    }
}
