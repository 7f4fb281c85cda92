import SluiceNetwork
import SluiceTypes
import Synchronization

/// The operator's own list of orchestrators: those of the settings, those added since, and what was ordered for each. Routing sees the
/// active ones alone.
final class OrchestratorRoster: Sendable {
    enum Standing: String, Codable, Hashable, Sendable, CaseIterable {
        case active
        /// Gets nothing new; what it has is carried to its end, and it stays known.
        case draining
        /// Gets nothing, is not even asked how it is, and what it has is tried elsewhere.
        case blocked
    }

    struct Entry: Hashable, Sendable {
        var id: OrchestratorID
        var listed: ListedOrchestrator
        var standing = Standing.active
        /// Set by an operator; goes before what the settings and the orchestrator say.
        var gpuClass: String?
        /// Whether the settings have it; else it was added at the admin port and is gone after a restart.
        var isFromSettings: Bool
    }

    /// Why a change was not made.
    enum Refusal: Error, Hashable {
        case unknown
        /// Another operator was there first.
        case changedMeanwhile
        case alreadyListed
        case full(most: Int)
        case isEmbedded
    }

    /// Each is asked how it is every few seconds.
    static let most = 10_000

    fileprivate struct State {
        var order: [OrchestratorID] = []
        var entries: [OrchestratorID: Entry] = [:]
        /// Somebody was blocked since the addresses were last followed.
        var isCutting = false
    }

    private let state = Mutex(State())
    /// Held while the addresses are read and followed: of two changes at once the later has the last word.
    private let following = Mutex(())
    /// Called one at a time, while others may look, with the addresses that are to be known and whether those that go lose their connections at once.
    private let follow: @Sendable (_ addresses: [String], _ atOnce: Bool) throws -> Void

    init(
        _ listed: [ListedOrchestrator], embedded: Bool,
        follow: @escaping @Sendable (_ addresses: [String], _ atOnce: Bool) throws -> Void = { _, _ in }
    ) throws {
        self.follow = follow
        let entries = try Self.entries(listed)
        state.withLock { state in
            if embedded { state.add(Entry(id: .embedded, listed: ListedOrchestrator(address: "embedded"), isFromSettings: true)) }
            for entry in entries { state.add(entry) }
        }
        try followEntries()
    }

    var entries: [Entry] { state.withLock { state in state.order.compactMap { state.entries[$0] } } }
    var byID: [OrchestratorID: Entry] { state.withLock { $0.entries } }
    func entry(_ id: OrchestratorID) -> Entry? { state.withLock { $0.entries[id] } }

    func add(_ listed: ListedOrchestrator) throws -> Entry {
        guard let entry = try Self.entries([listed]).first else { throw Refusal.unknown }
        try state.withLock { state throws(Refusal) in
            guard state.entries[entry.id] == nil else { throw Refusal.alreadyListed }
            guard state.order.count < Self.most else { throw Refusal.full(most: Self.most) }
            var entry = entry
            entry.isFromSettings = false
            state.add(entry)
        }
        try followEntries()
        return self.entry(entry.id) ?? entry
    }

    /// - Parameter isSeen: whether the entry is the one that the operator saw.
    func remove(_ id: OrchestratorID, if isSeen: (Entry) -> Bool) throws {
        try state.withLock { state throws(Refusal) in
            guard let entry = state.entries[id] else { throw Refusal.unknown }
            guard isSeen(entry) else { throw Refusal.changedMeanwhile }
            guard id != .embedded else { throw Refusal.isEmbedded }
            state.remove(id)
        }
        try followEntries()
    }

    /// As `remove`.
    func change(_ id: OrchestratorID, if isSeen: (Entry) -> Bool, _ change: (inout Entry) -> Void) throws -> Entry {
        let entry = try state.withLock { state throws(Refusal) -> Entry in
            guard var entry = state.entries[id] else { throw Refusal.unknown }
            guard isSeen(entry) else { throw Refusal.changedMeanwhile }
            let before = entry.standing
            change(&entry)
            state.entries[id] = entry
            if before != .blocked, entry.standing == .blocked { state.isCutting = true }
            return entry
        }
        try followEntries()
        return entry
    }

    /// What the settings have now in the place of what they had; what was added, drained, blocked or classed since stays so.
    func renew(_ listed: [ListedOrchestrator]) throws {
        let fresh = try Self.entries(listed)
        state.withLock { state in
            let names = Set(fresh.map(\.id))
            for id in state.order where state.entries[id]?.isFromSettings == true && id != .embedded && !names.contains(id) {
                state.remove(id)
            }
            for entry in fresh {
                guard var known = state.entries[entry.id] else {
                    state.add(entry)
                    continue
                }
                known.listed = entry.listed
                known.isFromSettings = true
                state.entries[entry.id] = known
            }
        }
        try followEntries()
    }

    private func followEntries() throws {
        try following.withLock { _ in
            let (addresses, isCutting) = state.withLock { state in
                defer { state.isCutting = false }
                let wanted = state.order.compactMap { state.entries[$0] }.filter { $0.standing != .blocked && $0.id != .embedded }
                return (wanted.map(\.listed.address), state.isCutting)
            }
            try follow(addresses, isCutting)
        }
    }

    private static func entries(_ listed: [ListedOrchestrator]) throws -> [Entry] {
        try listed.map { one in
            Entry(id: OrchestratorID(try OrchestratorAddress(one.address).description), listed: one, isFromSettings: true)
        }
    }
}

extension OrchestratorRoster.State {
    /// Of one that stands twice the first counts.
    fileprivate mutating func add(_ entry: OrchestratorRoster.Entry) {
        guard entries[entry.id] == nil else { return }
        entries[entry.id] = entry
        order.append(entry.id)
    }

    fileprivate mutating func remove(_ id: OrchestratorID) {
        entries[id] = nil
        order.removeAll { $0 == id }
    }
}
