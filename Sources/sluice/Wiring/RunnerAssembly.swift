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
    let keeper: RunnerKeeper

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
        let address = settings.address.last == "/" ? String(settings.address.dropLast()) : settings.address
        liveVideo = LiveVideoDesk(desk, trickle: trickle, gatewayBase: base, workerBase: address)
        let wantsContainers = settings.orders.contains { if case .container = $0.source { true } else { false } }
        let health = RunnerHealth(desk)
        keeper = RunnerKeeper(
            settings.orders,
            hosts: RunnerKeeper.Hosts(
                processes: ProcessHost(owner: base, address: address, group: group),
                containers: wantsContainers
                    ? ContainerHost(
                        path: settings.engine, owner: base, address: address, login: settings.registries.login, group: group, logger: logger
                    )
                    : nil),
            book: book, settings: settings.lifecycle, isWell: { await health.isWell($0) }, logger: logger)
    }

    var services: [any Service] {
        let (desk, trickle, liveVideo, keeper) = (desk, trickle, liveVideo, keeper)
        return [
            BackgroundService { await trickle.run() }, BackgroundService { await desk.run() }, BackgroundService { await keeper.run() },
            BackgroundService { await liveVideo.run() },
        ]
    }
}

/// The one port of an orchestrator: runners, and everything of transcoding. Their channels are answered before it.
struct OrchestratorPort: HTTPResponder {
    let transcoding: OrchestratorEndpoint
    let runners: RunnerEndpoint
    let capabilities: CapabilityEndpoint
    let liveVideo: LiveVideoEndpoint

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = (request.head.path ?? "/").prefix { $0 != "?" }
        if RunnerEndpoint.takes(path) {
            try await runners.respond(to: request, with: writer)
        } else if CapabilityEndpoint.owns(path) {
            try await capabilities.respond(to: request, with: writer)
        } else if path == LiveVideoEndpoint.path {
            try await liveVideo.respond(to: request, with: writer)
        } else {
            try await transcoding.respond(to: request, with: writer)
        }
    }
}
