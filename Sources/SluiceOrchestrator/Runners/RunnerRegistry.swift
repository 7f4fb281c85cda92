package import SluiceTypes

/// The runners of an orchestrator, who is offered, and how full each is. Pure: the moment and new identifiers are arguments, what has
/// happened is kept in `events` until it is taken.
package struct RunnerRegistry: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Settings: Hashable, Sendable {
        /// A runner that registered itself and is silent for so long is gone (specs/byoc §12.2).
        package var heartbeatTTL: Duration = .seconds(20)
        /// What a persistent session lives that nobody uses.
        package var lease: Duration = .seconds(120)
        /// Health checks that must fail one after the other before a runner is hidden: one is chance.
        package var failuresToHide = 2
        /// Each costs some kilobytes and a line in every discovery answer.
        package var mostRunners = 1000
        /// Of all runners together.
        package var mostSessions = 10_000
        package var mostChannelsPerSession = 100
        package var mostProxiesPerSession = 16

        package init() {}
    }

    struct Record: Sendable {
        enum Origin: Sendable {
            case fixed(RunnerHealthCheck)
            case dynamic(lastBeat: Instant, isReady: Bool)
            case capability(CapabilityRunner)
        }

        var id: RunnerID
        var facts: RunnerFacts
        var origin: Origin
        var birth: Int
        /// Oldest first.
        var sessions: [SessionID] = []
        var failures = 0
        /// Requests that did not get through, in a row.
        var misses = 0
        var isHidden = false

        var route: String { facts.routesByLabel ? facts.label : id.rawValue }

        /// Offered to clients, full or not.
        var isVisible: Bool {
            if case .dynamic(_, let isReady) = origin, !isReady { return false }
            return !isHidden
        }

        var health: RunnerHealthCheck? { if case .fixed(let check) = origin { check } else { nil } }
        var bearer: String { if case .capability(let capability) = origin { capability.token } else { "" } }
    }

    /// Runners that ran out of heartbeats and are remembered, so that they are told to register anew.
    private static let mostExpired = 256

    package let settings: Settings
    var records: [RunnerID: Record] = [:]
    /// In the order of registration.
    private(set) var order: [RunnerID] = []
    private var byLabel: [String: RunnerID] = [:]
    private var expired: [Record] = []
    private var births = 0
    var sessions: [SessionID: SessionRecord] = [:]
    var proxies: [String: SessionID] = [:]
    private(set) var events: [RunnerEvent] = []

    package init(settings: Settings = .init()) { self.settings = settings }

    package var sessionCount: Int { sessions.count }

    /// What has happened since the last call, in order.
    package mutating func takeEvents() -> [RunnerEvent] {
        defer { events = [] }
        return events
    }

    mutating func tell(_ event: RunnerEvent) {
        // One notice is as good as ten.
        if event == .changed, events.last == .changed { return }
        events.append(event)
    }

    // MARK: Who is there

    package var offers: [RunnerOffer] {
        order.compactMap { id in
            guard let record = records[id], record.isVisible else { return nil }
            return RunnerOffer(id: id, route: record.route, facts: record.facts, used: record.sessions.count)
        }
    }

    package var standings: [RunnerStanding] { order.compactMap { records[$0].map { Self.standing($0, isExpired: false) } } }

    package func standing(of route: String) -> RunnerStanding? {
        if let record = record(of: route) { return Self.standing(record, isExpired: false) }
        return expired.last { $0.id.rawValue == route }.map { Self.standing($0, isExpired: true) }
    }

    func record(of route: String) -> Record? {
        if let record = records[RunnerID(route)] { return record }
        guard let record = byLabel[route].flatMap({ records[$0] }), record.facts.routesByLabel else { return nil }
        return record
    }

    private static func standing(_ record: Record, isExpired: Bool) -> RunnerStanding {
        let origin: RunnerStanding.Origin =
            switch record.origin {
            case .fixed: .fixed
            case .dynamic: .dynamic
            case .capability: .capability
            }
        return RunnerStanding(
            id: record.id, route: record.route, facts: record.facts, origin: origin, birth: record.birth,
            isVisible: record.isVisible, isExpired: isExpired, health: record.health, sessions: record.sessions)
    }

    // MARK: Registration

    /// An operator's batch: entries are replaced by label, those that are not in it stay.
    ///
    /// - Parameter newID: a fresh identifier.
    package mutating func register(
        _ batch: [StaticRunner], newID: () -> RunnerID
    ) throws(RunnerRefusal) -> [RunnerStanding] {
        let fresh = batch.count { byLabel[$0.facts.label] == nil }
        try checkRoom(for: fresh)
        for (place, one) in batch.enumerated() {
            guard let id = byLabel[one.facts.label], let record = records[id] else { continue }
            guard let health = record.health else {
                throw .invalid("runners[\(place)]: the label '\(one.facts.label)' is that of a runner which registered itself")
            }
            guard one.health.isKept || !health.isKept else {
                throw .invalid(
                    "runners[\(place)]: the label '\(one.facts.label)' is that of a runner in the settings, which say what it is")
            }
        }
        return batch.map { one in
            let id = byLabel[one.facts.label] ?? newID()
            var record = records[id] ?? Record(id: id, facts: one.facts, origin: .fixed(one.health), birth: nextBirth())
            record.facts = one.facts
            record.origin = .fixed(one.health)
            // Who keeps it says when it is there.
            if one.health.isKept { record.isHidden = true }
            put(record)
            return Self.standing(record, isExpired: false)
        }
    }

    /// One of that name is replaced; what runs there goes on, and is counted on.
    package mutating func register(_ capability: CapabilityRunner, newID: () -> RunnerID) throws(RunnerRefusal) {
        if let known = self.capability(capability.facts.app), var record = records[known] {
            record.facts = capability.facts
            record.origin = .capability(capability)
            record.isHidden = false
            record.misses = 0
            put(record)
            return
        }
        try checkRoom(for: 1)
        put(Record(id: newID(), facts: capability.facts, origin: .capability(capability), birth: nextBirth()))
    }

    package mutating func unregister(capability name: String) -> Bool {
        guard let id = capability(name) else { return false }
        remove(id, .unregistered)
        return true
    }

    private func capability(_ name: String) -> RunnerID? {
        order.first { id in
            guard let record = records[id], case .capability = record.origin else { return false }
            return record.facts.app == name
        }
    }

    /// - Parameter isNew: with the orchestrator's secret: a registration, also of one that is known.
    package mutating func heartbeat(
        _ beat: RunnerHeartbeat, isNew: Bool, at now: Instant, newID: () -> RunnerID
    ) throws(RunnerRefusal) -> RunnerStanding {
        if !isNew {
            guard let id = beat.id, var record = records[id], case .dynamic = record.origin else { throw .noSuchRunner }
            try checkLabel(beat.facts, of: id)
            record.facts = beat.facts
            record.origin = .dynamic(lastBeat: now, isReady: beat.isReady)
            record.isHidden = false
            record.misses = 0
            put(record)
            return Self.standing(record, isExpired: false)
        }
        let id = beat.id ?? newID()
        if let known = records[id] {
            guard case .dynamic = known.origin else { throw .invalid("the runner_id '\(id)' is that of a static runner") }
        }
        try checkLabel(beat.facts, of: id)
        if records[id] != nil {
            // It began again and has forgotten its secret, and with it its sessions.
            remove(id, .runnerLost)
        } else {
            try checkRoom(for: 1)
        }
        expired.removeAll { $0.id == id }
        let record = Record(
            id: id, facts: beat.facts, origin: .dynamic(lastBeat: now, isReady: beat.isReady), birth: nextBirth())
        put(record)
        tell(.joined(id))
        return Self.standing(record, isExpired: false)
    }

    package mutating func unregister(_ route: String) throws(RunnerRefusal) {
        guard let record = record(of: route) else { throw .noSuchRunner }
        guard case .dynamic = record.origin else { throw .isStatic }
        remove(record.id, .unregistered)
    }

    private func checkRoom(for more: Int) throws(RunnerRefusal) {
        guard records.count + more <= settings.mostRunners else {
            throw .tooMany("the orchestrator has room for \(settings.mostRunners) runners, and has \(records.count)")
        }
    }

    /// A label that stands in URLs names one runner.
    private func checkLabel(_ facts: RunnerFacts, of id: RunnerID) throws(RunnerRefusal) {
        guard facts.routesByLabel || facts.hasProxyURL, !facts.label.isEmpty, let other = byLabel[facts.label], other != id else { return }
        throw .invalid("the label '\(facts.label)' is that of another runner")
    }

    private mutating func nextBirth() -> Int {
        births += 1
        return births
    }

    private mutating func put(_ record: Record) {
        let old = records[record.id]
        if old == nil { order.append(record.id) }
        if let old, byLabel[old.facts.label] == record.id { byLabel[old.facts.label] = nil }
        if !record.facts.label.isEmpty, byLabel[record.facts.label] == nil { byLabel[record.facts.label] = record.id }
        records[record.id] = record
        if old?.facts != record.facts || old?.isVisible != record.isVisible { tell(.changed) }
    }

    private mutating func remove(_ id: RunnerID, _ reason: RunnerRelease) {
        guard let record = records[id] else { return }
        for session in record.sessions { release(session, reason) }
        records[id] = nil
        order.removeAll { $0 == id }
        if byLabel[record.facts.label] == id { byLabel[record.facts.label] = nil }
        if case .dynamic = record.origin { tell(.left(id)) }
        if record.isVisible { tell(.changed) }
    }

    // MARK: Health

    /// The result of one health check. One that fails is chance, `failuresToHide` in a row hide the runner and free its sessions.
    package mutating func checked(_ id: RunnerID, isWell: Bool) {
        guard let record = records[id] else { return }
        if isWell {
            records[id]?.failures = 0
            records[id]?.misses = 0
            show(id, true)
        } else {
            records[id]?.failures += 1
            guard record.failures + 1 >= settings.failuresToHide, !record.isHidden else { return }
            for session in record.sessions { release(session, .runnerLost) }
            show(id, false)
        }
    }

    package mutating func lost(_ id: RunnerID) {
        guard let record = records[id] else { return }
        for session in record.sessions { release(session, .runnerLost) }
        show(id, false)
    }

    /// A client's request did not get through. Two in a row hide the runner until its next sign of life; its sessions stay, as some of
    /// them may be on connections that are well.
    package mutating func missed(_ id: RunnerID) {
        guard let record = records[id] else { return }
        records[id]?.misses += 1
        if record.misses + 1 >= settings.failuresToHide { show(id, false) }
    }

    package mutating func reached(_ id: RunnerID) {
        guard let record = records[id], record.misses > 0 || isHiddenCapability(record) else { return }
        records[id]?.misses = 0
        if isHiddenCapability(record) { show(id, true) }
    }

    /// A capability gives no sign of life but its answers.
    private func isHiddenCapability(_ record: Record) -> Bool {
        if case .capability = record.origin { record.isHidden } else { false }
    }

    private mutating func show(_ id: RunnerID, _ isShown: Bool) {
        guard let record = records[id], record.isHidden == isShown else { return }
        records[id]?.isHidden = !isShown
        tell(.changed)
    }

    /// Ends runners that are silent, and sessions that nobody uses.
    ///
    /// - Parameter isBusy: whether one of these channels is written or read.
    package mutating func sweep(at now: Instant, isBusy: ([String]) -> Bool) {
        for id in order {
            guard let record = records[id], case .dynamic(let lastBeat, _) = record.origin,
                lastBeat.duration(to: now) >= settings.heartbeatTTL
            else { continue }
            remove(id, .runnerLost)
            expired.append(record)
            if expired.count > Self.mostExpired { expired.removeFirst() }
        }
        sweepSessions(at: now, isBusy: isBusy)
    }
}
