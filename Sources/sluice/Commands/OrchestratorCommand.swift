import ArgumentParser
import Foundation
import Logging
import NIOPosix
import ServiceLifecycle
import SluiceMedia
import SluiceNetwork
import SluiceOrchestrator
import SluiceTypes
import UnixSignals

struct OrchestratorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchestrator", abstract: "Sell transcoding to gateways, Sluice's and go-livepeer's (off-chain).")

    @Option(help: "Settings file (YAML); see config/orchestrator.yaml.") var config: String?
    @Option(help: "Port gateways connect to (8935).") var port: String?
    @Option(help: "Admin port (7935).") var adminPort: String?
    @Option(help: "How gateways reach this orchestrator, e.g. https://host:8935.") var serviceURI: String?
    @OptionGroup(title: "Script options") var script: ScriptOptions
    @Option(help: "Log level: trace, debug, info, notice, warning, error.") var logLevel: String = "info"

    func run() async throws {
        let logger = Logging.make(label: "orchestrator", level: logLevel)
        var flags: [String: String] = [:]
        flags["service.port"] = port
        flags["admin.port"] = adminPort
        flags["serviceURI"] = serviceURI
        let settings = try OrchestratorFileSettings.load(file: config, flags: flags)
        if let name = script.script { return try await play(name, settings, logger) }
        let registry = MetricRegistry()
        let group = MultiThreadedEventLoopGroup.singleton
        let executor = MediaExecutor(width: settings.transcode.threads)
        let orchestrator = Orchestrator(
            settings: .init(admission: settings.admission, transcode: settings.transcode.session), executor: executor, registry: registry,
            logger: logger)
        let prices = PostedPrices(settings.pricing, load: { orchestrator.load })
        if let problem = prices.objection { throw ValidationError(problem) }
        let runners = try RunnerAssembly(
            settings.runners, serviceURI: settings.serviceURI, registry: registry, group: group, logger: logger)
        let liveVideo = runners.liveVideo
        let traces = try TraceExporter(
            settings.traces, service: "sluice-orchestrator", group: group, registry: registry, logger: logger)
        let endpoint = try OrchestratorEndpoint(
            service: orchestrator, serviceURI: settings.serviceURI, version: Sluice.version, asks: prices.asked,
            liveModels: { liveVideo.models },
            market: {
                let status = orchestrator.status
                return prices.terms(
                    sessions: status.maxSessions, inUse: status.sessions, models: liveVideo.models.map(MarketTerms.Model.init))
            }, witness: traces?.worked, logger: logger)
        let runnerEndpoint = RunnerEndpoint(runners.desk)
        let capabilities = CapabilityEndpoint(runners.desk)
        let server = HTTPServer(
            host: settings.listen.host, port: settings.listen.port, tls: try settings.tls(),
            responder: OrchestratorPort(
                transcoding: endpoint, runners: runnerEndpoint, capabilities: capabilities,
                liveVideo: LiveVideoEndpoint(liveVideo, calls: endpoint.calls)),
            loop: TrickleEndpoint(table: runners.trickle), proxy: runners.proxy, group: group, logger: logger)
        let admin = HTTPServer(
            host: settings.admin.listen.host, port: settings.admin.listen.port, tls: nil,
            responder: RunnerAdmin(
                runners: runnerEndpoint, keeper: runners.keeper,
                rest: AdminEndpoint(
                    registry: registry, status: { orchestrator.status }, price: PriceEndpoint(prices: prices),
                    access: try Access(settings.admin.tokens))),
            group: group, logger: logger)
        let bound = try await server.start()
        let adminBound = try await admin.start()
        print(Greeting.orchestrator(serviceURI: settings.serviceURI, port: bound, adminPort: adminBound))
        fflush(nil)
        let services: [any Service] =
            [
                ServerService(serve: { try? await gracefulShutdown() }, stop: { executor.shutdown() }),
                BackgroundService { await orchestrator.run() },
                BackgroundService { await endpoint.run() },
                BackgroundService {
                    await prices.keepRates(group: group, logger: logger)
                    // Without a source of rates it has nothing to do, which is no end.
                    try? await gracefulShutdown()
                },
                ServerService(serve: { try? await gracefulShutdown() }, stop: { await capabilities.close() }),
                ServerService(
                    serve: { if let traces { await traces.run() } else { try? await gracefulShutdown() } }, stop: { traces?.finish() }),
                BackgroundService { await capabilities.run() },
            ] + runners.services + [
                ServerService(serve: { try await server.run() }, stop: { await server.shutdown() }),
                ServerService(serve: { try await admin.run() }, stop: { await admin.shutdown() }),
            ]
        try await ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
    }

    private func play(_ name: String, _ settings: OrchestratorFileSettings, _ logger: Logger) async throws {
        let found = try ScenarioSource.find(name)
        if let note = found.note { logger.warning("\(note)") }
        guard let seed = UInt64(exactly: script.seed) else { throw ValidationError("--seed \(script.seed): at least 0 is right") }
        let group = MultiThreadedEventLoopGroup.singleton
        let play = try ScriptPlay(
            try script.part.apply(to: found.scenario), seed: seed, port: settings.listen.port, group: group, logger: logger)
        let admin = HTTPServer(
            host: settings.admin.listen.host, port: settings.admin.listen.port, tls: nil,
            responder: ScriptAdmin(play: play), group: group, logger: logger)
        let adminPort = try await admin.start()
        try await play.start()
        if !script.wait { _ = play.begin() }
        try script.readyFile.map { try play.ready(admin: "http://\(settings.admin.listen.host):\(adminPort)").write(to: $0) }
        print(Greeting.script(play.status, adminPort: adminPort))
        fflush(nil)
        let services = play.services + [ServerService(serve: { try await admin.run() }, stop: { await admin.shutdown() })]
        let lasting = services.enumerated().map { place, service in
            // The end of the play is the end of the program.
            ServiceGroupConfiguration.ServiceConfiguration(
                service: service, successTerminationBehavior: place == 0 ? .gracefullyShutdownGroup : .cancelGroup)
        }
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(services: lasting, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        ).run()
    }
}
