import Foundation
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import Synchronization

/// One orchestrator as this gateway knows it: its warm connection, what it last said of itself, a spare token, and the streams' sessions.
final class KnownOrchestrator: Sendable {
    struct Session: Sendable {
        var token: Net_AuthToken
        /// Base URI for `/segment` and `/stream`.
        var transcoder: String
        var issued: Int64
    }

    private struct State {
        var entry: OrchestratorEntry
        var spare: Session?
        var sessions: [StreamID: Session] = [:]
        var failures = 0
    }

    /// Share of a token's life after which it is replaced (the reference waits for the last tenth and then does it in front of a segment).
    private static let freshShare = 0.8
    static let callTimeout: Duration = .milliseconds(2500)

    let id: OrchestratorID
    let connection: HTTPClientConnection
    private let caller: OrchestratorCaller
    private let wanted: CapabilitySet
    private let state: Mutex<State>

    /// - Parameter wanted: what discovery asks for; jobs are matched against the answer's own bits.
    init(address: OrchestratorAddress, wanted: CapabilitySet, group: any EventLoopGroup) throws {
        id = OrchestratorID(address.description)
        connection = try HTTPClientConnection(authority: address.authority, group: group)
        caller = OrchestratorCaller(connection: connection)
        self.wanted = wanted
        state = Mutex(State(entry: OrchestratorEntry(id: id, capabilities: CapabilitySet(), isReachable: false)))
    }

    var entry: OrchestratorEntry { state.withLock { $0.entry } }

    /// Asks it how it is; keeps the token of the answer as a spare. Returns how long to wait before the next time.
    func refresh() async -> (next: Duration, problem: (any Error)?) {
        do {
            let session = try await ask()
            state.withLock { state in
                state.spare = session
                state.failures = 0
            }
            return (.seconds(10), nil)
        } catch {
            let failures = state.withLock { state in
                state.entry.isReachable = false
                state.failures += 1
                return state.failures
            }
            return (min(.milliseconds(500 << min(failures - 1, 4)), .seconds(5)), error)
        }
    }

    /// Replaces the tokens of streams whose life is mostly over, and ends the sessions they named.
    func renewSessions() async {
        let now = Self.now
        let old = state.withLock { state in
            state.sessions.filter { Self.isStale($0.value, at: now) }
        }
        for (stream, session) in old {
            guard let fresh = try? await ask() else { return }
            let isStillUsed = state.withLock { state in
                guard state.sessions[stream] != nil else { return false }
                state.sessions[stream] = fresh
                return true
            }
            try? await caller.end(isStillUsed ? session.token : fresh.token)
        }
    }

    /// The stream's session: the one it has, the spare, or a new one.
    func session(for stream: StreamID) async throws -> Session {
        let now = Self.now
        let ready = state.withLock { state -> Session? in
            if let session = state.sessions[stream], session.token.expiration > now { return session }
            guard let spare = state.spare, !Self.isStale(spare, at: now) else { return nil }
            state.spare = nil
            state.sessions[stream] = spare
            return spare
        }
        if let ready { return ready }
        let fresh = try await ask()
        state.withLock { $0.sessions[stream] = fresh }
        return fresh
    }

    /// The token was refused: the stream's next segment gets another.
    func drop(_ session: Session, of stream: StreamID) {
        state.withLock { state in
            if state.sessions[stream]?.token == session.token { state.sessions[stream] = nil }
            if state.spare?.token == session.token { state.spare = nil }
        }
    }

    /// What came with a result replaces what we knew, if it is whole (§3.8).
    func learn(_ information: Net_OrchestratorInfo) {
        guard information.hasAuthToken, !information.transcoder.isEmpty else { return }
        state.withLock { $0.entry = Self.entry(id, information) }
    }

    func end(_ stream: StreamID) async {
        guard let session = state.withLock({ $0.sessions.removeValue(forKey: stream) }) else { return }
        try? await caller.end(session.token)
    }

    private func ask() async throws -> Session {
        let caller = caller
        let wanted = wanted
        let information = try await within(Self.callTimeout, of: "GetOrchestrator") { try await caller.information(needing: wanted) }
        guard !information.transcoder.isEmpty else { throw SegmentFailure(.refused, "\(id) does no work itself (empty transcoder)") }
        guard information.hasAuthToken else { throw SegmentFailure(.protocolViolation, "\(id) gave no auth token") }
        state.withLock { $0.entry = Self.entry(id, information) }
        return Session(token: information.authToken, transcoder: information.transcoder, issued: Self.now)
    }

    private static var now: Int64 { wallClockNanoseconds() / 1_000_000_000 }

    private static func isStale(_ session: Session, at now: Int64) -> Bool {
        let life = Double(session.token.expiration - session.issued)
        return Double(now - session.issued) >= life * freshShare
    }

    private static func entry(_ id: OrchestratorID, _ information: Net_OrchestratorInfo) -> OrchestratorEntry {
        let price =
            information.hasPriceInfo
            ? Price(pricePerUnit: information.priceInfo.pricePerUnit, pixelsPerUnit: information.priceInfo.pixelsPerUnit) : nil
        return OrchestratorEntry(
            id: id, capabilities: CapabilitySet(information.capabilities), price: price,
            version: information.capabilities.version, isReachable: true)
    }
}

/// Runs `body` for at most `limit`; past it the body is cancelled and `timedOut` thrown.
func within<Result: Sendable>(
    _ limit: Duration, of what: String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw SegmentFailure(.timedOut, "\(what): no end within \(limit)")
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}
