package import SluiceTypes

/// Who holds a place at which runner, and for how long.
extension RunnerRegistry {
    struct SessionRecord: Sendable {
        var session: RunnerSession
        /// Until it is stopped, or unused for the time of a lease; else the request that it is for ends it.
        var isLeased: Bool
        var lastUse: Instant
        /// Requests under way.
        var open = 0
        /// Those who hold it open.
        var holders = 0
        var channels: [RunnerChannel] = []
        /// By identifier: where it leads.
        var proxies: [String: String] = [:]

        func channelName(_ name: String) -> String { "\(session.id)-\(name)" }
        var channelNames: [String] { channels.map { channelName($0.name) } }
    }

    // MARK: Reserving

    /// - Parameters:
    ///   - newSession: a fresh identifier.
    ///   - newProxy: one for a URL.
    package mutating func reserve(
        _ route: String, mode: RunnerMode, isGuarded: Bool, at now: Instant, newSession: () -> SessionID, newProxy: () -> String
    ) throws(RunnerRefusal) -> RunnerSession {
        guard let record = record(of: route), record.isVisible else { throw .noSuchRunner }
        guard record.facts.mode == mode else { throw mode == .persistent ? .notPersistent : .notSingleShot }
        return try place(
            record, route: route, id: newSession(), isLeased: mode == .persistent, isGuarded: isGuarded,
            proxy: mode == .persistent && record.facts.hasProxyURL ? newProxy() : nil, at: now)
    }

    /// A place at the emptiest of those that serve an app with single requests.
    ///
    /// - Parameter isLeased: it outlives the request.
    package mutating func reserve(
        app: String, isLeased: Bool, at now: Instant, newSession: () -> SessionID
    ) throws(RunnerRefusal) -> RunnerSession {
        let serving = order.compactMap { records[$0] }.filter { $0.facts.app == app && $0.facts.mode == .singleShot }
        // One that is hidden is tried when there is no other: a capability gives no sign of life but its answers.
        let visible = serving.filter(\.isVisible)
        let usable = visible.isEmpty ? serving.filter { if case .capability = $0.origin { true } else { false } } : visible
        guard !usable.isEmpty else { throw .noSuchRunner }
        func room(_ record: Record) -> Int { record.facts.capacity - record.sessions.count }
        guard let emptiest = usable.max(by: { room($0) < room($1) }) else { throw .noSuchRunner }
        return try place(
            emptiest, route: emptiest.route, id: newSession(), isLeased: isLeased, isGuarded: false, proxy: nil, at: now)
    }

    private mutating func place(
        _ record: Record, route: String, id: SessionID, isLeased: Bool, isGuarded: Bool, proxy: String?, at now: Instant
    ) throws(RunnerRefusal) -> RunnerSession {
        guard record.sessions.count < record.facts.capacity else { throw .noCapacity }
        guard sessions.count < settings.mostSessions else {
            throw .tooMany("the orchestrator has \(settings.mostSessions) sessions, its limit")
        }
        guard sessions[id] == nil else { throw .invalid("the session \(id) is there already") }
        let session = RunnerSession(
            id: id, runner: record.id, route: route, app: record.facts.app, mode: record.facts.mode, url: record.facts.url,
            bearer: record.bearer, proxy: proxy, isGuarded: isGuarded)
        var new = SessionRecord(session: session, isLeased: isLeased, lastUse: now)
        if let proxy {
            new.proxies[proxy] = record.facts.url
            proxies[proxy] = id
        }
        sessions[id] = new
        records[record.id]?.sessions.append(id)
        tell(.reserved(id, record.id))
        tell(.changed)
        return session
    }

    package func session(_ id: SessionID, of route: String) -> RunnerSession? {
        guard let record = sessions[id], record.session.route == route || record.session.runner.rawValue == route else { return nil }
        return record.session
    }

    package func session(proxy: String) -> (session: RunnerSession, url: String)? {
        guard let record = proxies[proxy].flatMap({ sessions[$0] }), let url = record.proxies[proxy] else { return nil }
        return (record.session, url)
    }

    package mutating func release(_ id: SessionID, _ reason: RunnerRelease) {
        guard let record = sessions.removeValue(forKey: id) else { return }
        for proxy in record.proxies.keys { proxies[proxy] = nil }
        records[record.session.runner]?.sessions.removeAll { $0 == id }
        tell(.released(id, record.session.runner, reason, channels: record.channelNames))
        tell(.changed)
    }

    // MARK: Leases

    package mutating func begin(_ id: SessionID, at now: Instant) {
        sessions[id]?.open += 1
        sessions[id]?.lastUse = now
    }

    package mutating func end(_ id: SessionID, at now: Instant) {
        guard let record = sessions[id] else { return }
        sessions[id]?.open = max(0, record.open - 1)
        sessions[id]?.lastUse = now
        if !record.isLeased, record.open <= 1 { release(id, .finished) }
    }

    package mutating func hold(_ id: SessionID) -> Bool {
        guard sessions[id] != nil else { return false }
        sessions[id]?.holders += 1
        return true
    }

    package mutating func letGo(_ id: SessionID) {
        guard let record = sessions[id] else { return }
        sessions[id]?.holders = max(0, record.holders - 1)
        if record.holders <= 1 { release(id, .holderLost) }
    }

    package mutating func renew(_ id: SessionID, at now: Instant) -> Bool {
        guard sessions[id] != nil else { return false }
        sessions[id]?.lastUse = now
        return true
    }

    mutating func sweepSessions(at now: Instant, isBusy: ([String]) -> Bool) {
        for (id, record) in sessions where record.open == 0 && record.holders == 0 {
            guard record.lastUse.duration(to: now) >= settings.lease else { continue }
            if record.isLeased, !record.channels.isEmpty, isBusy(record.channelNames) {
                sessions[id]?.lastUse = now
            } else {
                release(id, .abandoned)
            }
        }
    }

    // MARK: What a runner asks for

    package mutating func addChannels(_ wanted: [RunnerChannel], to id: SessionID) throws(RunnerRefusal) -> [RunnerChannel] {
        guard let record = sessions[id] else { throw .noSuchSession }
        var channels = record.channels
        let made = wanted.map { one in
            if let known = channels.first(where: { $0.name == one.name }) { return known }
            channels.append(one)
            return one
        }
        guard channels.count <= settings.mostChannelsPerSession else {
            throw .tooMany("a session may have \(settings.mostChannelsPerSession) channels")
        }
        sessions[id]?.channels = channels
        return made
    }

    package mutating func removeChannels(_ names: [String], from id: SessionID) -> Bool {
        guard let record = sessions[id], names.allSatisfy({ name in record.channels.contains { $0.name == name } }) else { return false }
        sessions[id]?.channels.removeAll { names.contains($0.name) }
        return true
    }

    package mutating func addProxy(to id: SessionID, url: String?, newProxy: () -> String) throws(RunnerRefusal) -> String {
        guard let record = sessions[id] else { throw .noSuchSession }
        guard record.proxies.count < settings.mostProxiesPerSession else {
            throw .tooMany("a session may have \(settings.mostProxiesPerSession) proxy URLs")
        }
        let proxy = newProxy()
        sessions[id]?.proxies[proxy] = url ?? record.session.url
        proxies[proxy] = id
        return proxy
    }
}
