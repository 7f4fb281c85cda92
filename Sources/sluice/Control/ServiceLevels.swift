import SluiceRouting
import SluiceTypes
import Synchronization

/// What is promised to whom: to the node, to tenants on top of that, to single streams on top of their tenant. All can be changed
/// while streams run.
final class ServiceLevels: Sendable {
    private struct Stream {
        var tenant: String?
        var change: ServiceLevelChange
    }

    /// Whose level it is.
    enum Subject: Hashable, Sendable {
        case node
        case tenant(String)
        case stream(StreamID)
    }

    private struct State {
        var tenants: [TenantSettings]
        var node: ServiceLevel
        var changes: [String: ServiceLevelChange]
        /// Bounded by the live streams.
        var streams: [StreamID: Stream] = [:]
    }

    private let state: Mutex<State>

    init(node: ServiceLevel, tenants: [TenantSettings]) {
        self.state = Mutex(
            State(tenants: tenants, node: node, changes: Dictionary(uniqueKeysWithValues: tenants.map { ($0.name, $0.serviceLevel) })))
    }

    var node: ServiceLevel { state.withLock { $0.node } }
    var tenants: [TenantSettings] { state.withLock { $0.tenants } }
    var tenantNames: [String] { tenants.map(\.name) }

    /// What the settings say now in place of what they said before; what they say as before keeps the changes made since.
    func renew(node: (old: ServiceLevel, new: ServiceLevel), tenants: [TenantSettings]) {
        state.withLock { state in
            if node.old != node.new { state.node = node.new }
            let before = Dictionary(uniqueKeysWithValues: state.tenants.map { ($0.name, $0.serviceLevel) })
            let changes = state.changes
            state.tenants = tenants
            state.changes = Dictionary(
                uniqueKeysWithValues: tenants.map { tenant in
                    (
                        tenant.name,
                        before[tenant.name] == tenant.serviceLevel ? changes[tenant.name] ?? tenant.serviceLevel : tenant.serviceLevel
                    )
                })
        }
    }

    /// - Returns: `nil` for a tenant that the settings do not have, or a stream that is not open.
    func level(of subject: Subject) -> ServiceLevel? { state.withLock { Self.level(of: subject, $0) } }

    /// Changes a level unless it is another by now than the one that its changer saw.
    ///
    /// - Parameter isSeen: whether the present level is the one that was seen.
    /// - Returns: whether it was changed; `nil` where there is no such subject.
    func change(_ subject: Subject, _ change: ServiceLevelChange, if isSeen: (ServiceLevel) -> Bool) -> Bool? {
        state.withLock { state in
            guard let level = Self.level(of: subject, state) else { return nil }
            guard isSeen(level) else { return false }
            switch subject {
            case .node: state.node = Self.applied(change, to: state.node)
            case .tenant(let name): state.changes[name]?.merge(change)
            case .stream(let stream): state.streams[stream]?.change.merge(change)
            }
            return true
        }
    }

    /// The tenant of a stream that is open.
    func tenant(of stream: StreamID) -> String? { state.withLock { $0.streams[stream]?.tenant } }

    private static func level(of subject: Subject, _ state: borrowing State) -> ServiceLevel? {
        switch subject {
        case .node: return state.node
        case .tenant(let name): return state.changes[name] == nil ? nil : level(of: name, state)
        case .stream(let stream):
            guard let known = state.streams[stream] else { return nil }
            return applied(known.change, to: level(of: known.tenant, state))
        }
    }

    /// Whose stream it is: by its key before by its name, by a longer prefix before by a shorter one; `nil` for nobody's in particular.
    func tenant(of stream: StreamID, key: String?) -> String? {
        let tenants = tenants
        if let key, let owner = tenants.first(where: { $0.keys.contains(key) }) { return owner.name }
        func length(_ tenant: TenantSettings) -> Int {
            tenant.prefixes.filter { stream.rawValue.hasPrefix($0) }.map(\.count).max() ?? 0
        }
        return tenants.filter { length($0) > 0 }.max { length($0) < length($1) }?.name
    }

    /// - Returns: `nil` for a stream that is not open, empty for one that is nobody's in particular.
    func owner(of stream: StreamID) -> String? { state.withLock { state in state.streams[stream].map { $0.tenant ?? "" } } }

    func opened(_ stream: StreamID, tenant: String?, _ change: ServiceLevelChange) {
        state.withLock { $0.streams[stream] = Stream(tenant: tenant, change: change) }
    }

    func ended(_ stream: StreamID) { state.withLock { $0.streams[stream] = nil } }

    /// The node's for a stream that is not open.
    func level(of stream: StreamID) -> ServiceLevel {
        state.withLock { state in
            guard let known = state.streams[stream] else { return state.node }
            return Self.applied(known.change, to: Self.level(of: known.tenant, state))
        }
    }

    /// - Returns: `nil` for a tenant that the settings do not have.
    func level(ofTenant name: String) -> ServiceLevel? {
        state.withLock { state in state.changes[name] == nil ? nil : Self.level(of: name, state) }
    }

    func changeNode(_ change: ServiceLevelChange) {
        state.withLock { $0.node = Self.applied(change, to: $0.node) }
    }

    func change(tenant: String, _ change: ServiceLevelChange) { state.withLock { $0.changes[tenant]?.merge(change) } }

    /// - Returns: `false` for a stream that is not open.
    func change(stream: StreamID, _ change: ServiceLevelChange) -> Bool {
        state.withLock { state in
            guard state.streams[stream] != nil else { return false }
            state.streams[stream]?.change.merge(change)
            return true
        }
    }

    private static func level(of tenant: String?, _ state: borrowing State) -> ServiceLevel {
        guard let tenant, let change = state.changes[tenant] else { return state.node }
        return applied(change, to: state.node)
    }

    /// A change was checked when it was made, and no key of it depends on another.
    private static func applied(_ change: ServiceLevelChange, to level: ServiceLevel) -> ServiceLevel {
        (try? change.applied(to: level)) ?? level
    }
}
