import Logging
import NIOPosix
import ServiceLifecycle
import SluiceGateway
import SluiceMedia
import SluiceNetwork
import SluiceOrchestrator
import SluiceRegistry
import SluiceRouting
import SluiceTypes
import SluiceWire

/// A whole gateway, built from its settings: the hands, the role, and the services in the order they lean on each other.
struct GatewayAssembly {
    let registry = MetricRegistry()
    let table: StreamTable
    let route: RouteStage
    let media: HTTPServer
    let admin: HTTPServer
    let rtmp: RTMPListener
    private let embedded: Orchestrator?
    private let remote: LivepeerTransport?
    private let executor: MediaExecutor
    private let recorder: TraceRecorder?
    private let decisionLog: DecisionLog?
    private let webhook: AuthWebhook?
    private let packager: MediaExecutor
    let market: Market
    private let sources: SourcePoller

    init(_ settings: GatewayFileSettings, logger: Logger) throws {
        let group = MultiThreadedEventLoopGroup.singleton
        executor = MediaExecutor(width: settings.transcode.threads)
        let metrics = GatewayMetrics(
            registry: registry, node: HostName.own, maxStreams: settings.role.maxStreams)

        let embedded =
            settings.embedsOrchestrator
            ? Orchestrator(
                settings: .init(admission: .init(maxSessions: settings.role.maxStreams), transcode: settings.transcode.session),
                executor: executor, registry: registry, logger: logger) : nil
        let remote =
            settings.embedsOrchestrator
            ? nil : try LivepeerTransport(addresses: settings.orchestrators, group: group, logger: logger)
        self.embedded = embedded
        self.remote = remote

        var directories: [any OrchestratorDirectory] = []
        if let embedded { directories.append(EmbeddedDirectory(service: embedded)) }
        if let remote { directories.append(remote) }
        let levels = ServiceLevels(node: settings.role.routing.serviceLevel, tenants: settings.tenants)
        let directory = try DescribedDirectory(
            CombinedDirectory(directories), classes: settings.gpuClasses, listed: settings.listed)
        let route = RouteStage(
            directory: directory,
            settings: settings.role.routing, promised: { levels.level(of: $0) },
            needed: { JobCapabilities.of($0, isPushed: false) })
        self.route = route
        let recorder = try settings.record.trace.map {
            try TraceRecorder(path: $0, largest: settings.record.largestTrace, logger: logger)
        }
        let decisionLog = try settings.record.decisionLog.map {
            try DecisionLog(
                path: $0, largest: settings.record.largestDecisionLog, isOn: settings.record.decisionLogStart == .on, logger: logger)
        }
        self.recorder = recorder
        self.decisionLog = decisionLog
        let market = Market(
            settings: settings.market, directory: directory, levels: levels,
            ledgerFile: try settings.market.registry.map { try Registry(path: $0) }, logger: logger,
            hands: Market.Hands(
                weigh: { route.weigh($0) }, bar: { route.bar($0, of: $1) },
                list: { listed in Self.use(listed, beside: settings.orchestrators, remote, logger) },
                levelChanged: { route.renewServiceLevel(of: $0) }))
        self.market = market
        sources = SourcePoller(market: market, settings: settings.market, group: group)
        let dispatch = DispatchStage(
            transport: CombinedTransport(embedded: embedded.map(InProcessTransport.init), remote: remote), route: route,
            metrics: metrics,
            decided: { decision, facts in
                recorder?.record(decision, facts)
                decisionLog?.log(decision)
                market.settled(decision, facts) { route.entry(of: $0)?.price }
            }, logger: logger)
        let registry = registry
        let webhook = try settings.authWebhook.url.map {
            try AuthWebhook(url: $0, timeout: settings.authWebhook.timeout, group: group, registry: registry)
        }
        self.webhook = webhook
        // Of its own, so that packaging does not stand behind encoding.
        packager = MediaExecutor(width: 1)
        let table = StreamTable(
            settings: settings.role, dispatch: dispatch, metrics: metrics,
            admission: StreamAdmission(
                webhook: webhook, levels: levels,
                changed: { stream in
                    route.renewServiceLevel(of: stream)
                    market.opened(stream)
                }, over: { market.ended($0) }, logger: logger),
            media: packager, logger: logger)
        self.table = table

        let push = PushEndpoint(
            push: PushIntake(table: table, demux: DemuxStage(executor: executor)),
            parseConfiguration: { try TranscodeConfiguration.profiles(json: $0) }, logger: logger)
        media = HTTPServer(
            host: settings.http.host, port: settings.http.port, tls: try settings.httpCertificate.tls(),
            responder: PublicEndpoint(
                media: MediaEndpoint(push: push, delivery: DeliveryEndpoint(source: table)),
                market: settings.market.isPublic == .on ? MarketEndpoint(market: market, isPublic: true) : nil),
            direct: LowLatencyEndpoint(source: table), group: group, logger: logger)
        rtmp = RTMPListener(
            host: settings.rtmp.host, port: settings.rtmp.port, gate: table, group: group, limits: settings.rtmpLimits,
            logger: logger)
        let isLive: @Sendable (StreamID) -> Bool = { table.isLive($0) }
        admin = HTTPServer(
            host: settings.admin.host, port: settings.admin.port, tls: nil,
            responder: AdminEndpoint(
                registry: registry, status: { table.status(route: route) },
                routing: RoutingEndpoint(
                    route: route, levels: ServiceLevelEndpoint(route: route, levels: levels, isLive: isLive), log: decisionLog,
                    isLive: isLive),
                market: MarketEndpoint(market: market),
                refresh: { metrics.look(at: route) }), group: group, logger: logger)
    }

    /// Orchestrators that others list, beyond the settings' own: each costs a connection and a call every ten seconds.
    private static let mostListed = 2000

    /// - Returns: how many of those that others list find no place.
    private static func use(
        _ listed: [OrchestratorID], beside own: [String], _ remote: LivepeerTransport?, _ logger: Logger
    ) -> Int {
        do { try remote?.use(own + listed.prefix(mostListed).map(\.rawValue)) } catch {
            logger.warning("listed orchestrators", metadata: ["reason": "\(error)"])
        }
        return max(0, listed.count - mostListed)
    }

    /// Binds every port, or throws with the first that is taken.
    func start() async throws -> (rtmp: Int, http: Int, admin: Int) {
        (try await rtmp.start(), try await media.start(), try await admin.start())
    }

    /// What others lean on comes first; shutdown walks the list backwards.
    var services: [any Service] {
        let table = table
        let executor = executor
        let packager = packager
        var services: [any Service] = [
            ServerService(serve: { try? await gracefulShutdown() }, stop: { [executor, packager].forEach { $0.shutdown() } })
        ]
        let market = market
        let sources = sources
        services.append(ServerService(serve: { await market.run() }, stop: { market.finish() }))
        services.append(
            BackgroundService {
                await sources.run()
                // With nobody to ask it has nothing to do, which is no end.
                try? await gracefulShutdown()
            })
        if let recorder { services.append(ServerService(serve: { await recorder.run() }, stop: { recorder.finish() })) }
        if let decisionLog { services.append(ServerService(serve: { await decisionLog.run() }, stop: { decisionLog.finish() })) }
        if let webhook { services.append(ServerService(serve: { try? await gracefulShutdown() }, stop: { await webhook.close() })) }
        if let embedded { services.append(BackgroundService { await embedded.run() }) }
        if let remote { services.append(BackgroundService { try await remote.run() }) }
        let media = media
        let admin = admin
        let rtmp = rtmp
        services.append(ServerService(serve: { await table.run() }, stop: { table.close() }))
        // Who is told of changes must not hold up the end.
        services.append(
            ServerService(
                serve: { try await media.run() },
                stop: {
                    market.feed.close()
                    await media.shutdown()
                }))
        services.append(
            ServerService(
                serve: { try await admin.run() },
                stop: {
                    market.feed.close()
                    await admin.shutdown()
                }))
        services.append(ServerService(serve: { try? await gracefulShutdown() }, stop: { await rtmp.shutdown() }))
        return services
    }
}

/// Work that has no order of its own at the end: it is cancelled when its turn comes.
struct BackgroundService: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await body() }
    }
}
