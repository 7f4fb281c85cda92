import Foundation
package import Logging
import NIOCore
package import SluiceTypes
package import SluiceWire
import Synchronization

/// All trickle channels of this process, by the names in their URLs.
package final class TrickleTable: Sendable {
    package struct Settings: Sendable {
        package var limits = TrickleLimits()
        /// A POST to a name that is not there makes the channel. Whoever reaches the port can do so.
        package var autocreate = false
        /// A channel `_changes` tells which channels come and go.
        package var changefeed = false
        /// One costs a few kilobytes while it is empty; far more than one machine carries streams.
        package var mostChannels = 10_000
        /// Of all channels together: what 16 channels with all they may hold come to.
        package var mostBytes = 1 << 30
        /// How often what is too old is looked for; an answer to it is a fraction of the time kept.
        package var sweepInterval: Duration = .seconds(2)

        package init() {}
    }

    /// What a name in a URL may be used for.
    struct Rights: OptionSet {
        let rawValue: Int
        static let read = Rights(rawValue: 1)
        static let write = Rights(rawValue: 2)
    }

    enum Found {
        case channel(TrickleRelay)
        /// Closed a while ago: what it still holds may be read to its end.
        case closed(TrickleRelay)
        /// The name is good for the other direction only.
        case forbidden
        case unknown
    }

    private struct Entry {
        let relay: TrickleRelay
        let rights: Rights
        /// All names of the channel, this one among them.
        let names: [String]
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var channels = 0
        /// Oldest first.
        var closed: [(names: [String], relay: TrickleRelay, since: ContinuousClock.Instant)] = []
        var isClosed = false
    }

    /// Closed channels that are kept for who has not read them to their end. Past it the oldest goes.
    private static let mostClosed = 256

    /// One path component, and room for a token.
    package static let longestName = 256
    static let changes = "_changes"

    let settings: Settings
    let metrics: TrickleMetrics
    private let memory: TrickleMemory
    private let logger: Logger
    private let state = Mutex(State())
    /// Changes are told one after another.
    private let telling = Mutex(())

    package init(settings: Settings = .init(), registry: MetricRegistry, logger: Logger) {
        self.settings = settings
        self.metrics = TrickleMetrics(registry: registry)
        self.memory = TrickleMemory(limit: settings.mostBytes)
        self.logger = logger
        memory.whenFull { [weak self] in self?.state.withLock { $0.closed = [] } }
        if settings.changefeed {
            let relay = makeRelay("application/json")
            state.withLock { state in
                state.entries[Self.changes] = Entry(relay: relay, rights: .read, names: [Self.changes])
                state.channels = 1
            }
            metrics.channels.add(1)
            tell(added: Self.changes)
        }
    }

    /// Makes a channel whose one name is good for reading and writing; one that is there stays as it is.
    package func create(_ name: String, contentType: String) throws(TrickleFailure) {
        if try add([(name, [.read, .write])], contentType: contentType, isOpen: true) { tell(added: name) }
    }

    /// Makes a channel with two names that nobody can guess: who has one of them cannot do what the other is for.
    ///
    /// - Parameter stem: what people recognize it by, at the head of both names.
    package func createPair(_ stem: String, contentType: String) throws -> TrickleNames {
        let names = TrickleNames(
            read: "\(stem)-r-\(Secrets.hex(try Secrets.random(16)))", write: "\(stem)-w-\(Secrets.hex(try Secrets.random(16)))")
        _ = try add([(names.read, .read), (names.write, .write)], contentType: contentType, isOpen: false)
        return names
    }

    func find(_ name: String, for right: Rights) -> Found {
        state.withLock { state in
            if let entry = state.entries[name] { return entry.rights.contains(right) ? .channel(entry.relay) : .forbidden }
            guard right == .read, let closed = state.closed.last(where: { $0.names.first == name }) else { return .unknown }
            return .closed(closed.relay)
        }
    }

    /// Whether a publisher announced this number to a channel that has since been closed: its request was overtaken by the DELETE, which
    /// comes by another connection. It must not bring the channel back, whose readers would wait for it for ever.
    func hasEnded(_ name: String, before sequence: Int64) -> Bool {
        guard sequence > 0, let closed = state.withLock({ $0.closed.last { $0.names.contains(name) }?.relay }) else { return false }
        let next = closed.nextWrite
        // The segment that was next, and the one that is announced while that is under way.
        return sequence == next || sequence == next + 1
    }

    /// Closes a channel: readers get what is there, and then its end.
    ///
    /// - Returns: `false` when there is none of that name.
    @discardableResult package func close(_ name: String) -> Bool {
        let entry = state.withLock { state -> Entry? in
            guard let entry = state.entries[name] else { return nil }
            for name in entry.names { state.entries[name] = nil }
            state.channels -= 1
            state.closed.append((entry.names, entry.relay, .now))
            if state.closed.count > Self.mostClosed { state.closed.removeFirst() }
            return entry
        }
        guard let entry else { return false }
        entry.relay.close()
        metrics.channels.add(-1)
        // A secret name is not told.
        if entry.names.count == 1 { tell(removed: name) }
        return true
    }

    /// Looks for what is too old until the task is cancelled, then closes all channels.
    package func run() async {
        while (try? await Task.sleep(for: settings.sweepInterval)) != nil { sweep(at: .now) }
        closeAll()
    }

    /// Everybody who waits is answered.
    package func closeAll() {
        let relays = state.withLock { state in
            state.isClosed = true
            defer { (state.entries, state.channels, state.closed) = ([:], 0, []) }
            return Dictionary(grouping: state.entries.values) { ObjectIdentifier($0.relay) }.values.compactMap { $0.first?.relay }
        }
        metrics.channels.set(0)
        for relay in relays { relay.close() }
    }

    func sweep(at now: ContinuousClock.Instant) {
        let entries = state.withLock { state in
            state.closed.removeAll { $0.since.duration(to: now) >= settings.limits.keepTime }
            return state.entries
        }
        for (name, entry) in entries where name == entry.names.first {
            guard entry.relay.sweep(at: now), !name.hasPrefix("_") else { continue }
            logger.info("channel closed: nothing was written to it", metadata: ["channel": "\(Self.shown(entry.names))"])
            close(name)
        }
    }

    /// Every channel under its public name, or the head of its secret ones.
    package var statuses: [(name: String, status: TrickleChannelStatus, delays: TrickleDelays)] {
        state.withLock { $0.entries }.filter { $0.key == $0.value.names.first }
            .map { (Self.shown($0.value.names), $0.value.relay.status, $0.value.relay.delays) }
            .sorted { $0.0 < $1.0 }
    }

    package var bytesHeld: Int { memory.level }

    /// - Returns: `false` when the channel is there already, which is an error unless it may be so.
    private func add(_ names: [(name: String, rights: Rights)], contentType: String, isOpen: Bool) throws(TrickleFailure) -> Bool {
        for (name, _) in names {
            guard name.utf8.count <= Self.longestName else {
                throw .badName("a channel's name may have \(Self.longestName) bytes, this one has \(name.utf8.count)")
            }
            guard !name.isEmpty, !name.contains("/"), name != ".", name != "..", name != "next" else {
                throw .badName("'\(name)' is no channel's name; one path component such as 'camera-1' is right")
            }
        }
        let relay = makeRelay(contentType)
        let result = state.withLock { state -> Result<Bool, TrickleFailure> in
            if state.isClosed { return .failure(.channelClosed) }
            if names.contains(where: { state.entries[$0.name] != nil }) {
                return isOpen ? .success(false) : .failure(.badName("a channel of that name is there already"))
            }
            guard state.channels < settings.mostChannels else {
                return .failure(.limitReached("the server has \(settings.mostChannels) channels, its limit"))
            }
            state.closed.removeAll { closed in names.contains { closed.names.contains($0.name) } }
            for (name, rights) in names { state.entries[name] = Entry(relay: relay, rights: rights, names: names.map(\.name)) }
            state.channels += 1
            return .success(true)
        }
        let isNew = try result.get()
        if isNew { metrics.channels.add(1) }
        return isNew
    }

    private func makeRelay(_ contentType: String) -> TrickleRelay {
        TrickleRelay(contentType: contentType, limits: settings.limits, memory: memory, metrics: metrics)
    }

    private func tell(added: String) { tell(["added": [added]]) }
    private func tell(removed: String) { tell(["removed": [removed]]) }

    private func tell(_ change: [String: [String]]) {
        guard settings.changefeed, let feed = state.withLock({ $0.entries[Self.changes]?.relay }),
            let text = try? JSONEncoder().encode(change)
        else { return }
        telling.withLock { _ in
            guard case .segment(let segment) = feed.open(nil, resets: false) else { return }
            _ = feed.append(ByteBuffer(bytes: text), to: segment)
            _ = feed.finish(segment)
        }
    }

    /// Without the token of a secret name.
    private static func shown(_ names: [String]) -> String {
        guard names.count > 1, let name = names.first else { return names.first ?? "" }
        return name.split(separator: "-").dropLast(2).joined(separator: "-")
    }
}

/// The two names of one channel.
package struct TrickleNames: Hashable, Sendable {
    package let read: String
    package let write: String
}
