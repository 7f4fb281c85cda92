import HTTPTypes
import Logging
import NIOCore
import ServiceLifecycle
import SluiceNetwork
import SluiceOrchestrator
import SluiceTypes
import SluiceWire

/// An orchestrator's runners: the registry, the trickle channels, and what is reached by the network.
struct RunnerAssembly {
    let desk: RunnerDesk
    let trickle: TrickleTable
    let proxy: HTTPServer.Proxy
    let liveVideo: LiveVideoDesk
    private let fixed: [StaticRunner]

    init(
        _ settings: RunnerFileSettings, serviceURI: String, registry: MetricRegistry, group: any EventLoopGroup, logger: Logger
    ) throws {
        let book = RunnerBook(settings: settings.registry, newName: { RunnerKeys.name($0) }, registry: registry, logger: logger)
        trickle = TrickleTable(registry: registry, logger: logger)
        let base = serviceURI.last == "/" ? String(serviceURI.dropLast()) : serviceURI
        desk = RunnerDesk(
            service: book, settings: settings.desk,
            answers: RunnerAnswers(serviceURI: base, runnerBase: settings.address, proxyURL: settings.proxyURL), keys: try RunnerKeys(),
            trickle: trickle, group: group, logger: logger)
        var connections = ProxyConnections.Settings()
        connections.verifiesCertificates = settings.verifiesCertificates
        proxy = HTTPServer.Proxy(
            router: ProxyRouters([RunnerProxy(desk), CapabilityProxy(desk), BatchProxy(desk)]),
            connections: try ProxyConnections(settings: connections))
        fixed = settings.fixed
        let address = settings.address.last == "/" ? String(settings.address.dropLast()) : settings.address
        liveVideo = LiveVideoDesk(desk, trickle: trickle, gatewayBase: base, workerBase: address)
    }

    /// Puts the operator's own runners in place; those that are not well are offered once they are.
    func start() async throws {
        guard !fixed.isEmpty else { return }
        do { await RunnerHealth(desk).check(try desk.service.register(fixed)) } catch {
            throw SettingsError("runners: \(error)")
        }
    }

    var services: [any Service] {
        let (desk, trickle, liveVideo) = (desk, trickle, liveVideo)
        return [
            BackgroundService { await trickle.run() }, BackgroundService { await desk.run() }, BackgroundService { await liveVideo.run() },
        ]
    }
}

/// The one port of an orchestrator: runners and their channels, and everything of transcoding.
struct OrchestratorPort: HTTPResponder {
    let transcoding: OrchestratorEndpoint
    let runners: RunnerEndpoint
    let capabilities: CapabilityEndpoint
    let trickle: TrickleEndpoint
    let liveVideo: LiveVideoEndpoint

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = (request.head.path ?? "/").prefix { $0 != "?" }
        if RunnerEndpoint.takes(path) {
            try await runners.respond(to: request, with: writer)
        } else if CapabilityEndpoint.owns(path) {
            try await capabilities.respond(to: request, with: writer)
        } else if path.hasPrefix(TrickleEndpoint.orchestratorBase) {
            try await trickle.respond(to: request, with: writer)
        } else if path == LiveVideoEndpoint.path {
            try await liveVideo.respond(to: request, with: writer)
        } else {
            try await transcoding.respond(to: request, with: writer)
        }
    }
}

/// The operator's way to register runners, before the rest of the admin port (specs/byoc §12.1).
struct RunnerAdmin: HTTPResponder {
    let runners: RunnerEndpoint
    let rest: AdminEndpoint

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard request.head.path == "/registerLiveRunners" else { return try await rest.respond(to: request, with: writer) }
        guard request.head.method == .post else {
            return try await writer.send(.methodNotAllowed, headers: [.allow: "POST"])
        }
        do { try await rest.access.visitor(request.head).require(.operate, for: "registering runners") } catch {
            let answer = error.answer
            return try await writer.send(answer.status, headers: answer.headers, body: answer.body)
        }
        try await runners.register(request, writer)
    }
}
