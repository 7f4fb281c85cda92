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

    /// A session whose stream has another by now; ended once nothing leans on it.
    private struct Outgoing {
        var stream: StreamID
        var session: Session
    }

    private enum Call {
        case renew(Session, StreamID)
        case end(Session)
    }

    private struct State {
        var entry: OrchestratorEntry
        var spare: Session?
        var sessions: [StreamID: Session] = [:]
        var outgoing: [Outgoing] = []
        /// Exchanges that run, by the session's own id.
        var uses: [String: Int] = [:]
        var failures = 0
        /// What was told of last.
        var told: OrchestratorEntry?
        var tell: (@Sendable (OrchestratorID) -> Void)?
    }

    /// Share of a token's life after which it is replaced (the reference waits for the last tenth and then does it in front of a segment).
    private static let freshShare = 0.8
    /// Calls that one round of renewal has open at once: a round of hundreds of streams must not hold up the segments.
    private static let callsAtOnce = 8

    let id: OrchestratorID
    let connection: HTTPClientConnection
    private let caller: OrchestratorCaller
    private let wanted: CapabilitySet
    private let clocks: LivepeerTransport.Clocks
    private let state: Mutex<State>
    /// One element: whether it loses its connection at once.
    private let departure: AsyncStream<Bool>
    private let leave: AsyncStream<Bool>.Continuation

    /// - Parameter wanted: what discovery asks for; jobs are matched against the answer's own bits.
    init(
        address: OrchestratorAddress, wanted: CapabilitySet, clocks: LivepeerTransport.Clocks, group: any EventLoopGroup
    ) throws {
        id = OrchestratorID(address.description)
        connection = try HTTPClientConnection(authority: address.authority, settings: clocks.connection, group: group)
        caller = OrchestratorCaller(connection: connection)
        self.wanted = wanted
        self.clocks = clocks
        (departure, leave) = AsyncStream.makeStream(of: Bool.self)
        state = Mutex(State(entry: OrchestratorEntry(id: id, capabilities: CapabilitySet(), isReachable: false)))
    }

    var entry: OrchestratorEntry { state.withLock { $0.entry } }

    func whenChanged(_ tell: @escaping @Sendable (OrchestratorID) -> Void) { state.withLock { $0.tell = tell } }

    /// Says so if what is known has become another; call under no lock.
    private func tellIfChanged() {
        let tell = state.withLock { state -> (@Sendable (OrchestratorID) -> Void)? in
            var now = state.entry
            now.roundTrip = nil
            guard now != state.told else { return nil }
            state.told = now
            return state.tell
        }
        tell?(id)
    }

    func depart(atOnce: Bool) {
        leave.yield(atOnce)
        leave.finish()
    }

    /// Waits until it was taken from the list, or for the task's cancellation.
    ///
    /// - Returns: whether its connection is to be closed at once.
    func departed() async -> Bool {
        for await isAtOnce in departure { return isAtOnce }
        return true
    }

    /// Whether any exchange runs.
    var isUsed: Bool { state.withLock { !$0.uses.isEmpty } }

    /// Ends every session.
    func endAll() async {
        let streams = state.withLock { Array($0.sessions.keys) + $0.outgoing.map(\.stream) }
        for stream in Set(streams) { await end(stream) }
    }

    /// Asks it how it is; keeps the token of the answer as a spare. Returns how long to wait before the next time.
    func refresh() async -> (next: Duration, problem: (any Error)?) {
        defer { tellIfChanged() }
        do {
            let session = try await ask()
            state.withLock { state in
                state.spare = session
                state.failures = 0
            }
            return (clocks.refresh, nil)
        } catch {
            let failures = state.withLock { state in
                state.entry.isReachable = false
                state.failures += 1
                return state.failures
            }
            return (min(clocks.firstRetry * (1 << min(failures - 1, 4)), clocks.longestRetry), error)
        }
    }

    /// Replaces the tokens of streams whose life is mostly over, and ends the sessions they named once these do nothing any more.
    /// What fails is tried again in the next round.
    ///
    /// - Parameter now: Unix seconds.
    /// - Returns: what went wrong; each stream is on its own.
    func renewSessions(at now: Int64 = KnownOrchestrator.now) async -> [any Error] {
        let (stale, over) = state.withLock { state in
            let over = state.outgoing.filter { state.uses[$0.session.token.sessionID] == nil }
            state.outgoing.removeAll { state.uses[$0.session.token.sessionID] == nil }
            return (state.sessions.filter { Self.isStale($0.value, at: now) }, over)
        }
        let calls = stale.map { Call.renew($0.value, $0.key) } + over.map { Call.end($0.session) }
        var problems: [any Error] = []
        await withTaskGroup(of: (any Error)?.self) { group in
            for (index, call) in calls.enumerated() {
                if index >= Self.callsAtOnce, let problem = await group.next() ?? nil { problems.append(problem) }
                group.addTask {
                    do { try await self.make(call) } catch { return error }
                    return nil
                }
            }
            for await problem in group {
                if let problem { problems.append(problem) }
            }
        }
        return problems
    }

    /// The stream's session: the one it has, the spare, or a new one. `finish` must follow.
    ///
    /// - Parameter refused: one that the orchestrator does not know; its spare is then as old, so a new one is asked for.
    func begin(_ stream: StreamID, insteadOf refused: Session? = nil) async throws -> Session {
        let now = Self.now
        let ready = state.withLock { state -> Session? in
            if let refused {
                if state.sessions[stream]?.token == refused.token { state.sessions[stream] = nil }
                state.spare = nil
            }
            if let session = state.sessions[stream], session.token.expiration > now { return Self.use(session, in: &state) }
            guard let spare = state.spare, !Self.isStale(spare, at: now) else { return nil }
            state.spare = nil
            state.sessions[stream] = spare
            return Self.use(spare, in: &state)
        }
        if let ready { return ready }
        let fresh = try await ask()
        return state.withLock { state in
            if let other = state.sessions[stream], other.token.expiration > now {
                // Another segment of the stream was quicker; one session is enough.
                state.spare = fresh
                return Self.use(other, in: &state)
            }
            state.sessions[stream] = fresh
            return Self.use(fresh, in: &state)
        }
    }

    func finish(_ session: Session) {
        state.withLock { state in
            let left = (state.uses[session.token.sessionID] ?? 1) - 1
            state.uses[session.token.sessionID] = left > 0 ? left : nil
        }
    }

    /// The token was refused: the stream's next segment gets another.
    func drop(_ session: Session, of stream: StreamID) {
        state.withLock { state in
            if state.sessions[stream]?.token == session.token { state.sessions[stream] = nil }
        }
    }

    /// What came with a result replaces what we knew, if it is whole: of the orchestrator, and of the session it was for unless
    /// that has been replaced meanwhile (specs/transcoding-protocol §3.8).
    func learn(_ information: Net_OrchestratorInfo, from session: Session, of stream: StreamID) {
        guard information.hasAuthToken, !information.transcoder.isEmpty else { return }
        guard let entry = try? Self.entry(id, information) else { return }
        defer { tellIfChanged() }
        state.withLock { state in
            let before = state.entry
            state.entry = entry
            state.entry.roundTrip = before.roundTrip
            // Told with the answer to a question, and not with every result.
            state.entry.market = entry.market ?? before.market
            guard let current = state.sessions[stream], current.token == session.token else { return }
            let isSame = information.authToken == current.token
            state.sessions[stream] = Session(
                token: information.authToken, transcoder: information.transcoder, issued: isSame ? current.issued : Self.now)
            if information.authToken.sessionID != current.token.sessionID {
                state.outgoing.append(Outgoing(stream: stream, session: current))
            }
        }
    }

    func end(_ stream: StreamID) async {
        let over = state.withLock { state in
            var over = state.outgoing.filter { $0.stream == stream }.map(\.session)
            state.outgoing.removeAll { $0.stream == stream }
            if let session = state.sessions.removeValue(forKey: stream) { over.append(session) }
            return over
        }
        for session in over {
            // Best effort: a session that nobody ends goes by its idle time.
            try? await caller.end(session.token, within: clocks.answer)
        }
    }

    private func make(_ call: Call) async throws {
        switch call {
        case .renew(let session, let stream): try await renew(session, of: stream)
        case .end(let session): try await caller.end(session.token, within: clocks.answer)
        }
    }

    private func renew(_ session: Session, of stream: StreamID) async throws {
        let fresh = try await ask()
        state.withLock { state in
            // Its token may have been renewed meanwhile; the session is what counts.
            guard let current = state.sessions[stream], current.token.sessionID == session.token.sessionID else {
                // The stream has ended, or has another already.
                state.spare = fresh
                return
            }
            state.sessions[stream] = fresh
            state.outgoing.append(Outgoing(stream: stream, session: current))
        }
    }

    private func ask() async throws -> Session {
        // The first one dials as well, and is too long for that; the next corrects it.
        let asked = ContinuousClock.now
        let information = try await caller.information(needing: wanted, within: clocks.answer)
        guard !information.transcoder.isEmpty else { throw SegmentFailure(.refused, "\(id) does no work itself (empty transcoder)") }
        guard information.hasAuthToken else { throw SegmentFailure(.protocolViolation, "\(id) gave no auth token") }
        var entry = try Self.entry(id, information)
        entry.roundTrip = asked.duration(to: .now).inSeconds
        state.withLock { [entry] in $0.entry = entry }
        tellIfChanged()
        return Session(token: information.authToken, transcoder: information.transcoder, issued: Self.now)
    }

    static var now: Int64 { wallClockNanoseconds() / 1_000_000_000 }

    private static func use(_ session: Session, in state: inout State) -> Session {
        state.uses[session.token.sessionID, default: 0] += 1
        return session
    }

    private static func isStale(_ session: Session, at now: Int64) -> Bool {
        // The peer's own number: as a difference of doubles it cannot overflow.
        let life = Double(session.token.expiration) - Double(session.issued)
        return Double(now) - Double(session.issued) >= life * freshShare
    }

    private static func entry(_ id: OrchestratorID, _ information: Net_OrchestratorInfo) throws(SegmentFailure) -> OrchestratorEntry {
        OrchestratorEntry(
            id: id, capabilities: CapabilitySet(information.capabilities), price: try price(id, information),
            version: information.capabilities.version, isReachable: true, gpu: gpu(information.hardware), gpuSource: .declared,
            takesStreamedSegments: information.streamedSegments.contains(StreamedSegmentFrame.version),
            liveModels: LiveVideoCapability.models(of: information.capabilities),
            market: information.hasMarket ? MarketTerms(information.market) : nil)
    }

    /// - Throws: for a price that is none: taken for nothing, it would be the cheapest of all.
    private static func price(_ id: OrchestratorID, _ information: Net_OrchestratorInfo) throws(SegmentFailure) -> Price? {
        let told = information.priceInfo
        guard information.hasPriceInfo, told.pricePerUnit != 0 || told.pixelsPerUnit != 0 else { return nil }
        guard let price = Price(pricePerUnit: told.pricePerUnit, pixelsPerUnit: told.pixelsPerUnit) else {
            throw SegmentFailure(.protocolViolation, "\(id) wants \(told.pricePerUnit) wei for \(told.pixelsPerUnit) pixels")
        }
        return price
    }

    /// The first chip it names; what class that is of, the directory's reader knows.
    private static func gpu(_ hardware: [Net_HardwareInformation]) -> GPU? {
        let chips = hardware.flatMap { $0.gpuInfo.sorted { $0.key < $1.key }.map(\.value) }
        return chips.first { !$0.name.isEmpty }.map {
            GPU(vendor: "", model: $0.name, memory: max(0, $0.memoryTotal), gpuClass: GPUClass("unlisted"))
        }
    }
}
