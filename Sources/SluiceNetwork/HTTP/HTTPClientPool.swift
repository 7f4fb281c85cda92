import HTTPTypes
import NIOCore
import Synchronization

/// Warm connections to authorities other than the orchestrators themselves, for renditions that lie elsewhere.
final class HTTPClientPool: Sendable {
    /// Object stores and sister machines. Past it the one that was not used for longest is closed, and dialled again when needed.
    static let mostAuthorities = 64

    private struct Entry {
        let connection: HTTPClientConnection
        var exchanges = 0
        var lastUse = 0
    }

    private struct State {
        var entries: [HTTPAuthority: Entry] = [:]
        /// Counts uses: the order of them is what matters.
        var uses = 0
        var isClosed = false
    }

    private let most: Int
    private let settings: HTTPClientConnection.Settings
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    init(most: Int = HTTPClientPool.mostAuthorities, settings: HTTPClientConnection.Settings = .init(), group: any EventLoopGroup) {
        self.most = most
        self.settings = settings
        self.group = group
    }

    var authorities: Set<HTTPAuthority> { state.withLock { Set($0.entries.keys) } }

    /// As `HTTPClientConnection.exchange`, on the warm connection to that authority.
    func exchange<Result: Sendable>(
        with authority: HTTPAuthority, _ head: HTTPRequest, body: ByteBuffer? = nil,
        _ use: @escaping @Sendable (HTTPResponse, HTTPClientBody) async throws -> Result
    ) async throws -> Result {
        let (connection, isKept) = try take(authority)
        defer {
            if isKept { giveBack(authority) } else { connection.shut() }
        }
        return try await connection.exchange(head, body: body, use)
    }

    func exchange<Result: Sendable>(
        with authority: HTTPAuthority, _ head: HTTPRequest, upload: @escaping @Sendable (HTTPClientUpload) async throws -> Void,
        _ use: @escaping @Sendable (HTTPResponse, HTTPClientBody) async throws -> Result
    ) async throws -> Result {
        let (connection, isKept) = try take(authority)
        defer {
            if isKept { giveBack(authority) } else { connection.shut() }
        }
        return try await connection.exchange(head, upload: upload, use)
    }

    func close() async {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.entries = [:] }
            return state.entries.values.map(\.connection)
        }
        for connection in all { await connection.close() }
    }

    /// - Returns: a connection, and whether the pool keeps it: it does not while all places are in use.
    private func take(_ authority: HTTPAuthority) throws -> (HTTPClientConnection, isKept: Bool) {
        if let known = takeKnown(authority) { return (known, true) }
        // Nothing is dialled yet by making one.
        let fresh = try HTTPClientConnection(authority: authority, settings: settings, group: group)
        let (connection, isKept, forgotten) = state.withLock { state -> (HTTPClientConnection, Bool, HTTPClientConnection?) in
            state.uses += 1
            var forgotten: HTTPClientConnection?
            if state.entries[authority] == nil {
                if state.isClosed { return (fresh, false, nil) }
                if state.entries.count >= most {
                    let idle = state.entries.filter { $0.value.exchanges == 0 }.min { $0.value.lastUse < $1.value.lastUse }
                    guard let idle else { return (fresh, false, nil) }
                    state.entries[idle.key] = nil
                    forgotten = idle.value.connection
                }
            }
            var entry = state.entries[authority] ?? Entry(connection: fresh)
            entry.exchanges += 1
            entry.lastUse = state.uses
            state.entries[authority] = entry
            return (entry.connection, true, forgotten)
        }
        forgotten?.shut()
        return (connection, isKept)
    }

    private func takeKnown(_ authority: HTTPAuthority) -> HTTPClientConnection? {
        state.withLock { state in
            guard var entry = state.entries[authority] else { return nil }
            state.uses += 1
            entry.exchanges += 1
            entry.lastUse = state.uses
            state.entries[authority] = entry
            return entry.connection
        }
    }

    private func giveBack(_ authority: HTTPAuthority) {
        state.withLock { $0.entries[authority]?.exchanges -= 1 }
    }
}
