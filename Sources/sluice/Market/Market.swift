import Logging
import SluiceGateway
import SluiceMarket
import SluiceRegistry
import SluiceRouting
import SluiceTypes
import Synchronization

/// A gateway's marketplace: the catalogue of offers, how well they do, quotes, and the way of both into routing and the books.
final class Market: Sendable {
    /// How often all of the directory is looked at (what changes by the network is told at once), and how often scores become weights.
    static let look: Duration = .milliseconds(500)
    static let weigh: Duration = .seconds(5)
    /// How often what was learned goes to the disk; what is lost with a crash is this much of history, and no booking.
    static let remember: Duration = .seconds(10)
    static let keepAlive: Duration = .seconds(15)
    /// How often old hours of the books become days, and how old they are then, in seconds.
    static let rollUp: Duration = .seconds(3600)
    static let hoursKept: Int64 = 7 * 86_400
    static let namesKept: Int64 = 90 * 86_400

    struct State {
        var catalog = OfferCatalog()
        var book: PerformanceBook
        var rates: RateBook
        var quotes = QuoteBook<GivenQuote>()
        /// Streams that were begun on a quote; bounded by the live ones and a memory of ended ones.
        var accepted: [StreamID: GivenQuote] = [:]
        /// Streams that have ended, and when: their last segments settle after that.
        var ended: [StreamID: Int64] = [:]
        var servers = StreamMemory()
        var guardian: PriceGuard
        var ranking: [Ranked] = []
        var peers = PeerScores()
        /// Ceilings of capabilities that operators set since the start.
        var ordered: [PriceFunction.Base] = []
        /// The list as JSON, and the catalogue's version it is of.
        var listing: (version: UInt64, bytes: [UInt8])?
        /// Offers that have changed since they were last put on disk.
        var unsaved: Set<Offer.Key> = []
        var problems: [OfferSource: String] = [:]
        var listed: [OfferSource: [OrchestratorID]] = [:]
    }

    let settings: MarketSettings
    let directory: any OrchestratorDirectory
    let levels: ServiceLevels
    let registry: Registry?
    let lane: BookingLane?
    let feed = ChangeFeed()
    let logger: Logger
    let state: Mutex<State>
    let hands: Hands
    private let outcomes: AsyncStream<Settled>
    private let settle: AsyncStream<Settled>.Continuation
    private let left = Atomic<Int>(0)
    /// Whose entry has changed and was not looked at yet; the signal wakes who looks.
    private let pending = Mutex<Set<OrchestratorID>>([])
    private let pings: AsyncStream<Void>
    private let ping: AsyncStream<Void>.Continuation

    /// What the market may do to routing.
    struct Hands: Sendable {
        var weigh: @Sendable ([OrchestratorID: Double]) -> Void = { _ in }
        /// A stream goes to this orchestrator no more. `false` where that was so before.
        var bar: @Sendable (OrchestratorID, StreamID) -> Bool = { _, _ in false }
        /// Who is listed by others, beside the settings' own. - Returns: how many find no place.
        var list: @Sendable ([OrchestratorID]) -> Int = { _ in 0 }
        /// What is promised for a stream has changed.
        var levelChanged: @Sendable (StreamID) -> Void = { _ in }
        /// What is owed for work that was done.
        var booked: @Sendable ([Booking]) -> Void = { _ in }
        /// What the books say of today, by tenant, at the start.
        var restored: @Sendable ([UsageLine]) -> Void = { _ in }
    }

    struct Settled: Sendable {
        var decision: RouteDecision
        var facts: SegmentFacts
        var prices: [OrchestratorID: Price]
    }

    /// Decisions that may wait to be counted: a second of ten thousand segments a second.
    private static let mostWaiting = 16_384

    init(
        settings: MarketSettings, directory: any OrchestratorDirectory, levels: ServiceLevels, ledgerFile registry: Registry?,
        logger: Logger,
        hands: Hands
    ) {
        self.settings = settings
        self.directory = directory
        self.levels = levels
        self.registry = registry
        self.logger = logger
        self.hands = hands
        lane = registry.map { BookingLane(ledger: $0, logger: logger) }
        state = Mutex(
            State(
                book: PerformanceBook(formula: settings.formula), rates: settings.rates.book,
                guardian: PriceGuard(factor: settings.priceGuard)))
        (outcomes, settle) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.mostWaiting))
        (pings, ping) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.catalog.ownVersion = Sluice.version }
        directory.whenChanged { [weak self] id in self?.changed(id) }
    }

    /// A ceiling until the next start, in the place of an earlier one for the same.
    ///
    /// - Returns: `false` when there are as many as there may be.
    func order(_ ceiling: PriceFunction.Base) -> Bool {
        state.withLock { state in
            state.ordered.removeAll { $0.pipeline == ceiling.pipeline && $0.model == ceiling.model }
            guard state.ordered.count < PriceFunction.mostBases else { return false }
            state.ordered.append(ceiling)
            return true
        }
    }

    /// More at once are looked at all together.
    private static let mostPending = 256

    private func changed(_ id: OrchestratorID) {
        pending.withLock { pending in
            // One more than can be looked at singly says the same as all of them.
            if pending.count <= Self.mostPending { pending.insert(id) }
        }
        ping.yield()
    }

    /// Looks at those that have changed, as soon as they have, until it is cancelled.
    func follow() async {
        for await _ in pings {
            let ids = pending.withLock { pending in
                defer { pending = [] }
                return pending
            }
            if ids.count > Self.mostPending { lookAround() } else { for id in ids { look(at: id) } }
        }
    }

    static var now: Int64 { wallClockNanoseconds() / 1_000_000_000 }

    /// Takes a decision of which everything has come; never waits.
    func settled(_ decision: RouteDecision, _ facts: SegmentFacts, price: (OrchestratorID) -> Price?) {
        var prices: [OrchestratorID: Price] = [:]
        for attempt in decision.attempts { prices[attempt.orchestrator] = price(attempt.orchestrator) }
        if case .dropped = settle.yield(Settled(decision: decision, facts: facts, prices: prices)) { left.add(1, ordering: .relaxed) }
    }

    /// Decisions that were not counted, nor booked: only when ten thousand a second come for longer than a second.
    var leftOut: Int { left.load(ordering: .relaxed) }

    func finish() { settle.finish() }

    /// Works until `finish`; the books are closed after that.
    func run() async {
        await restore()
        await withDiscardingTaskGroup { group in
            if let lane { group.addTask { await lane.run() } }
            group.addTask { [self] in
                await withDiscardingTaskGroup { ticks in
                    ticks.addTask { await self.follow() }
                    ticks.addTask { await self.every(Self.look) { self.lookAround() } }
                    ticks.addTask { await self.every(Self.weigh) { self.rank() } }
                    ticks.addTask { await self.every(Self.remember) { await self.save() } }
                    ticks.addTask { await self.every(Self.keepAlive) { self.feed.keepAlive() } }
                    ticks.addTask { await self.every(Self.rollUp) { await self.rollBooksUp() } }
                    for await settled in outcomes { learn(settled) }
                    ticks.cancelAll()
                }
                feed.close()
                await save()
                lane?.finish()
            }
        }
        do { try registry?.close() } catch { logger.error("registry not closed", metadata: ["reason": "\(error)"]) }
    }

    private func every(_ pause: Duration, _ work: @escaping @Sendable () async -> Void) async {
        while !Task.isCancelled {
            await work()
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    // MARK: The catalogue

    /// Takes what the directory says now.
    func lookAround() {
        let entries = directory.entries
        var configured: [OrchestratorListing] = []
        var declared: [OrchestratorListing] = []
        var embedded: [OrchestratorListing] = []
        for entry in entries {
            let listing = OrchestratorListing(entry)
            if entry.id == .embedded { embedded.append(listing) } else { declared.append(listing) }
            if let told = Self.configured(entry) { configured.append(told) }
        }
        forgetEnded()
        update(embedded, from: .embedded)
        update(declared, from: .declared)
        update(configured, from: .configured)
    }

    /// What our operator wrote is told apart from what the orchestrator says.
    private static func configured(_ entry: OrchestratorEntry) -> OrchestratorListing? {
        guard entry.id != .embedded, entry.region != nil || entry.operatorName != nil || entry.gpuSource == .configured else { return nil }
        return OrchestratorListing(
            id: entry.id, operatorName: entry.operatorName, region: entry.region,
            gpu: entry.gpuSource == .configured ? entry.gpu : nil,
            gpuSource: entry.gpuSource == .configured && entry.gpu != nil ? .configured : nil)
    }

    /// Takes what the directory says of one, and tells it.
    func look(at id: OrchestratorID) {
        let entry = directory.entry(id)
        let listing = entry.map { OrchestratorListing($0) }
        feed.tell(
            state.withLock { state in
                let changes =
                    state.catalog.update(id, listing, from: id == .embedded ? .embedded : .declared)
                    + state.catalog.update(id, entry.flatMap(Self.configured), from: .configured)
                state.unsaved.formUnion(changes.map(\.key))
                return changes
            })
    }

    func update(_ list: [OrchestratorListing], from source: OfferSource, problem: String? = nil) {
        let changes = state.withLock { state in
            state.problems[source] = problem
            if source == .webhook || source == .signer { state.listed[source] = list.map(\.id) }
            let changes = state.catalog.update(list, from: source)
            if source != .remembered { state.unsaved.formUnion(changes.map(\.key)) }
            return changes
        }
        feed.tell(changes)
        guard source == .webhook || source == .signer else { return }
        // By precedence.
        let listed = state.withLock { state in (state.listed[.webhook] ?? []) + (state.listed[.signer] ?? []) }
        let left = hands.list(listed)
        if left > 0 { logger.warning("offer source", metadata: ["source": "\(source.rawValue)", "no place for": "\(left)"]) }
    }

    /// A source that did not answer: what it said before holds.
    func failed(_ source: OfferSource, _ problem: String) {
        let isNews = state.withLock { state in state.problems.updateValue(problem, forKey: source) != problem }
        if isNews { logger.warning("offer source", metadata: ["source": "\(source.rawValue)", "reason": "\(problem)"]) }
    }

    /// The whole list, made once for each version.
    var listing: (version: UInt64, bytes: [UInt8]) {
        state.withLock { state in
            if let made = state.listing, made.version == state.catalog.version { return made }
            let made = (state.catalog.version, state.catalog.json)
            state.listing = made
            return made
        }
    }

    // MARK: Ranking

    /// Makes scores of what was seen, and weights of scores.
    func rank() {
        let now = Self.now
        // On a copy: with ten thousand offers it takes longer than anybody should wait for the lock.
        let (book, offers, peers) = state.withLock { ($0.book, $0.catalog.all, $0.peers) }
        var ranking = book.ranking(offers, at: now)
        if !settings.peers.isEmpty {
            for place in ranking.indices {
                ranking[place].score = peers.adjusted(
                    ranking[place].score, of: ranking[place].key, samples: Double(ranking[place].tally.count),
                    halfSure: settings.formula.halfSure, at: now)
            }
            ranking.sort { $0.score > $1.score }
        }
        state.withLock { [ranking] state in
            for one in ranking { state.catalog.set(one.standing, of: one.key) }
            state.ranking = ranking
        }
        hands.weigh(ScoreWeights.of(ranking, strength: settings.scoreStrength))
    }
}
