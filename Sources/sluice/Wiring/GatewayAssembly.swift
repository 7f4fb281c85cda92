import Logging
import NIOPosix
import ServiceLifecycle
import SluiceGateway
import SluiceIdentity
import SluiceMarket
import SluiceMedia
import SluiceNetwork
import SluiceOrchestrator
import SluiceRegistry
import SluiceRouting
import SluiceTypes
import SluiceWire
import UnixSignals

/// A whole gateway, built from its settings: the hands, the role, and the services in the order they lean on each other.
struct GatewayAssembly {
    let registry = MetricRegistry()
    let table: StreamTable
    let route: RouteStage
    let media: HTTPServer
    let admin: HTTPServer
    let rtmp: RTMPListener
    private let embedded: Orchestrator?
    private let remote: LivepeerTransport
    private let executor: MediaExecutor
    private let recorder: TraceRecorder?
    private let decisionLog: DecisionLog?
    private let traces: TraceExporter?
    private let doors: Doors
    private let packager: MediaExecutor
    private let looker: MediaExecutor
    private let sampling: QualitySampling?
    private let channels: TrickleTable
    private let desk: Desk
    private let reload: SettingsReload
    private let apps: AppAssembly
    let market: Market
    private let sources: SourcePoller

    init(_ loaded: LoadedSettings, logLevel: LogLevel = LogLevel("info"), logger: Logger) throws {
        let settings = loaded.settings
        let group = MultiThreadedEventLoopGroup.singleton
        executor = MediaExecutor(width: settings.transcode.threads)
        let metrics = GatewayMetrics(
            registry: registry, node: HostName.own, maxStreams: settings.role.maxStreams)

        let embedded =
            settings.embedsOrchestrator
            ? Orchestrator(
                settings: .init(admission: .init(maxSessions: settings.role.maxStreams), transcode: settings.transcode.session),
                executor: executor, registry: registry, logger: logger) : nil
        let traces = try TraceExporter(settings.traces, service: "sluice-gateway", group: group, registry: registry, logger: logger)
        self.traces = traces
        let remote = try LivepeerTransport(
            addresses: settings.orchestrators, group: group,
            tracing: { [names = traces?.names] in names?.context($0, $1, $2) }, logger: logger)
        self.embedded = embedded
        self.remote = remote

        var directories: [any OrchestratorDirectory] = []
        if let embedded { directories.append(EmbeddedDirectory(service: embedded)) }
        directories.append(remote)
        let addresses = AddressBook(own: settings.orchestrators, transport: remote, logger: logger)
        let roster = try OrchestratorRoster(settings.listed, embedded: embedded != nil) { try addresses.use(own: $0, atOnce: $1) }
        let stage = AppStage(settings: settings.role.routing)
        let directory = DescribedDirectory(
            CombinedDirectory(directories), classes: settings.gpuClasses, roster: roster, streamApps: { stage.singleShotApps(of: $0) })
        let feed = EventFeed()
        let board = StreamBoard()
        let levels = ServiceLevels(node: settings.role.routing.serviceLevel, tenants: settings.tenants)
        let route = RouteStage(
            directory: directory, settings: settings.role.routing, promised: { levels.level(of: $0) },
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
        let quotas = QuotaBook(tenants: settings.tenants)
        let market = Market(
            settings: settings.market, directory: directory, levels: levels,
            ledgerFile: try settings.market.registry.map { try Registry(path: $0) }, logger: logger,
            hands: Market.Hands(
                weigh: { route.weigh($0) }, bar: { route.bar($0, of: $1) },
                list: { addresses.list($0) },
                levelChanged: { route.renewServiceLevel(of: $0) }, booked: { quotas.booked($0) },
                restored: { quotas.restore($0, at: Market.now) }))
        self.market = market
        sources = SourcePoller(market: market, settings: settings.market, group: group)
        looker = MediaExecutor(width: 1)
        let sampling =
            settings.market.sampling.segments > 0
            ? QualitySampling(settings: settings.market.sampling, executor: looker, registry: registry, logger: logger) {
                market.learn($1, of: $0)
            } : nil
        self.sampling = sampling
        let dispatch = DispatchStage(
            transport: CombinedTransport(embedded: embedded.map(InProcessTransport.init), remote: remote), route: route,
            metrics: metrics, sampling: sampling,
            decided: { decision, facts in
                recorder?.record(decision, facts)
                decisionLog?.log(decision)
                board.decided(decision)
                feed.decided(decision)
                market.settled(decision, facts) { route.entry(of: $0)?.price }
            }, logger: logger)
        let registry = registry
        let doors = try Doors(settings.doors, group: group, registry: registry, logger: logger)
        self.doors = doors
        // Of its own, so that packaging does not stand behind encoding.
        packager = MediaExecutor(width: 1)
        let channels = TrickleTable(registry: registry, logger: logger)
        self.channels = channels
        let liveVideo = LiveVideoStage(
            settings: settings.liveVideo, transport: remote, route: route,
            outlets: LiveVideoOutlets(pushing: RTMPPushing(group: group, logger: logger)) { [channels] stream in
                guard (try? channels.create(stream.rawValue, contentType: "video/MP2T")) != nil else { return nil }
                return TrickleLocalPublisher(stream.rawValue, of: channels)
            }, used: { market.used($0) }, logger: logger)
        let table = StreamTable(
            settings: settings.role, dispatch: dispatch, metrics: metrics,
            admission: StreamAdmission(
                doors: doors, levels: levels, quotas: quotas,
                changed: { stream in
                    route.renewServiceLevel(of: stream)
                    market.opened(stream)
                },
                began: { stream, tenant, request in
                    board.opened(stream, tenant: tenant)
                    let words = "\(request.origin.rawValue) from \(request.remoteAddress)"
                    feed.publish(.streamStarted, DeskNote(words: words, stream: stream.rawValue))
                },
                over: { stream in
                    board.ended(stream)
                    market.ended(stream)
                    feed.publish(.streamEnded, DeskNote(words: "the stream has ended", stream: stream.rawValue))
                }, logger: logger),
            liveVideo: liveVideo, media: packager, witness: traces?.witness, logger: logger)
        self.table = table

        let door = ViewerDoor(doors)
        let push = PushEndpoint(
            push: PushIntake(table: table, demux: DemuxStage(executor: executor)),
            parseConfiguration: { try TranscodeConfiguration.profiles(json: $0) }, logger: logger)
        let rtmp = RTMPListener(
            host: settings.rtmp.host, port: settings.rtmp.port, gate: table, viewers: doors, group: group, limits: settings.rtmpLimits,
            logger: logger)
        self.rtmp = rtmp
        apps = try AppAssembly(
            settings, stage: stage, jobs: table, rtmp: { rtmp.boundPort }, group: group, used: { market.used($0) }, logger: logger)
        media = HTTPServer(
            host: settings.http.host, port: settings.http.port, tls: try settings.httpCertificate.tls(),
            responder: PublicEndpoint(
                media: GatewayPort(
                    media: MediaEndpoint(
                        push: push, delivery: DeliveryEndpoint(source: table, door: door), liveVideo: LiveVideoControlEndpoint(table)),
                    apps: apps.door, streams: apps.streams,
                    capabilities: CapabilitiesEndpoint(
                        apps: apps.desk.directory, fleet: { route.picture }, classes: settings.gpuClasses)),
                market: settings.market.isPublic == .on ? MarketEndpoint(market: market, isPublic: true) : nil),
            direct: LowLatencyEndpoint(source: table, door: door),
            loop: ChannelDelivery(channels: TrickleEndpoint(table: channels, isPrivate: { !doors.isOpen }), door: door),
            proxy: apps.proxy, group: group, logger: logger)
        let listeners = registry.gauge("sluice_event_listeners", help: "Consoles and programs that listen to events at this moment.")
        let isLive: @Sendable (StreamID) -> Bool = { table.isLive($0) }
        let access = try Access(settings.admin.tokens, signed: { doors.operatorTokens })
        let desk = Desk(
            table: table, route: route, directory: directory, levels: levels, roster: roster, board: board, feed: feed, quotas: quotas,
            logger: logger)
        self.desk = desk
        let reload = SettingsReload(loaded, feed: feed, logger: logger) { old, new in
            try await SettingsChange(desk: desk, access: access, doors: doors, metrics: metrics).apply(old, new)
        }
        self.reload = reload
        admin = HTTPServer(
            host: settings.admin.listen.host, port: settings.admin.listen.port, tls: nil,
            responder: AdminEndpoint(
                registry: registry, status: { table.status(route: route) },
                routing: RoutingEndpoint(
                    route: route,
                    levels: ServiceLevelEndpoint(route: route, levels: levels, isLive: isLive) { words, stream in
                        feed.publish(.change, DeskNote(words: words, stream: stream?.rawValue, by: "/routing/sla"))
                    }, log: decisionLog, isLive: isLive, appDecisions: { stage.decisions(of: $0) }),
                market: MarketEndpoint(market: market, asksForTokens: { access.asksForTokens }),
                refresh: {
                    metrics.look(at: route)
                    listeners.set(feed.listeners)
                }, access: access,
                api: AdminAPI(
                    desk: desk, runners: { [apps] in RunnerLine.all(in: apps.desk.directory) }, market: market, reload: reload),
                reference: ReferenceEndpoint(desk: desk, market: market, level: logLevel), playback: DeliveryEndpoint(source: table)),
            group: group, logger: logger)
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
        let looker = looker
        var services: [any Service] = [
            ServerService(serve: { try? await gracefulShutdown() }, stop: { [executor, packager, looker].forEach { $0.shutdown() } })
        ]
        let market = market
        let sources = sources
        services.append(ServerService(serve: { await market.run() }, stop: { market.finish() }))
        if let sampling { services.append(ServerService(serve: { await sampling.run() }, stop: { sampling.finish() })) }
        services.append(
            BackgroundService {
                await sources.run()
                // With nobody to ask it has nothing to do, which is no end.
                try? await gracefulShutdown()
            })
        if let recorder { services.append(ServerService(serve: { await recorder.run() }, stop: { recorder.finish() })) }
        if let decisionLog { services.append(ServerService(serve: { await decisionLog.run() }, stop: { decisionLog.finish() })) }
        if let traces { services.append(ServerService(serve: { await traces.run() }, stop: { traces.finish() })) }
        let doors = doors
        services.append(ServerService(serve: { await doors.run() }, stop: { doors.finish() }))
        if let embedded { services.append(BackgroundService { await embedded.run() }) }
        let channels = channels
        services.append(BackgroundService { await channels.run() })
        let remote = remote
        services.append(BackgroundService { try await remote.run() })
        services.append(apps.service)
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
        let desk = desk
        let reload = reload
        services.append(BackgroundService { await desk.run() })
        // A service that returns would end the group.
        if reload.state.file != nil { services.append(BackgroundService { await reload.watch() }) }
        services.append(BackgroundService { for await _ in await UnixSignalsSequence(trapping: .sighup) { await reload.hangUp() } })
        services.append(
            ServerService(
                serve: { try await admin.run() },
                stop: {
                    // A page that is open must not hold up the end.
                    desk.feed.close()
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
