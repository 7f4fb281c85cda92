import NIOCore
import SluiceNetwork
import SluiceSimulation
import SluiceTypes
import SluiceWire
import Synchronization

/// The modelled orchestrators on the real clock: wakes them when something is due, and tells whoever waits for it.
final class ScriptedWorld: Sendable {
    /// What is due within this is due now: a timer of its own would come no sooner.
    private static let timerGrain: Int64 = 100_000

    private struct State {
        var world: LiveWorld
        var attempts: [LiveWorld.Attempt: ScriptedAttempt] = [:]
        /// Who asked each orchestrator and has no answer yet, the oldest first.
        var questions: [[AsyncStream<LiveAnswer>.Continuation]]
        /// The session of each stream, by orchestrator.
        var sessions: [[StreamID: SessionID]]
        var hasBegun = false
        /// When the next timer goes off.
        var timer = Int64.max
    }

    let names: [String]
    private let origin = NIODeadline.now()
    private let loop: any EventLoop
    private let state: Mutex<State>
    private let ports: [(stream: AsyncStream<LivePort>, continuation: AsyncStream<LivePort>.Continuation)]

    init(_ world: LiveWorld, loop: any EventLoop) {
        names = world.names
        self.loop = loop
        state = Mutex(State(world: world, questions: world.names.map { _ in [] }, sessions: world.names.map { _ in [:] }))
        // A handful in a run: as many as the orchestrator's faults.
        ports = world.names.map { _ in AsyncStream.makeStream(of: LivePort.self) }
        move { _, _ in }
    }

    /// What becomes of its port, for the one who holds it.
    func changes(of orchestrator: Int) -> AsyncStream<LivePort> { ports[orchestrator].stream }

    func tally(of orchestrator: Int) -> LiveTally { state.withLock { $0.world.tally(of: orchestrator) } }

    func price(of orchestrator: Int) -> Price? { state.withLock { $0.world.price(of: orchestrator) } }

    func picture(of orchestrator: Int) -> FaultModel.Picture? { state.withLock { $0.world.picture(of: orchestrator) } }

    /// - Returns: `false` when it has begun already.
    func begin() -> Bool {
        move { state, now in
            guard !state.hasBegun else { return false }
            state.hasBegun = true
            state.world.begin(at: now)
            return true
        }
    }

    // MARK: What gateways do

    /// - Returns: `nil` when the script has no room for it.
    func send(_ request: SegmentRequest, bytes: Int, to orchestrator: Int) -> ScriptedAttempt? {
        let renditions = request.profiles.map { LiveWorld.Rendition($0, duration: request.duration) }
        return move { state, now in
            if let old = state.sessions[orchestrator].updateValue(request.session, forKey: request.stream), old != request.session {
                state.world.renewSession(of: request.stream, at: orchestrator)
            }
            let key = state.world.send(
                request.stream, request.sequence, bits: Double(bytes) * 8, renditions: renditions, to: orchestrator, at: now)
            guard let key else { return nil }
            let attempt = ScriptedAttempt()
            state.attempts[key] = attempt
            return attempt
        }
    }

    /// Its gateway has gone, if that was before this had happened; afterwards a request ends as it should.
    func abort(_ attempt: ScriptedAttempt, before event: LiveEvent) {
        guard !attempt.hasReached(event) else { return }
        move { state, _ in
            guard let key = state.attempts.first(where: { $0.value === attempt })?.key else { return }
            state.world.abort(key)
            state.attempts[key] = nil
        }
    }

    func end(_ session: SessionID, at orchestrator: Int) {
        move { state, _ in
            guard let stream = state.sessions[orchestrator].first(where: { $0.value == session })?.key else { return }
            state.sessions[orchestrator][stream] = nil
            state.world.endSession(of: stream, at: orchestrator)
        }
    }

    /// How an orchestrator is; `silent` too when the question is taken back.
    func ask(_ orchestrator: Int) async -> LiveAnswer {
        let (answers, question) = AsyncStream.makeStream(of: LiveAnswer.self)
        move { state, now in
            state.questions[orchestrator].append(question)
            state.world.ask(orchestrator, at: now)
        }
        for await answer in answers { return answer }
        return .silent
    }

    // MARK: Time

    private var now: Int64 { (NIODeadline.now() - origin).nanoseconds }

    /// Changes the world at this moment, and tells what came of it.
    @discardableResult
    private func move<Result: Sendable>(_ change: (inout State, Int64) -> Result) -> Result {
        state.withLock { state in
            let now = now
            state.world.advance(to: now)
            let result = change(&state, now)
            state.world.advance(to: now + Self.timerGrain)
            for notice in state.world.takeNotices() { tell(notice, &state) }
            if let due = state.world.nextDue, due < state.timer {
                state.timer = due
                loop.scheduleTask(deadline: origin + .nanoseconds(due)) { [weak self] in self?.wake(due) }
            }
            return result
        }
    }

    private func wake(_ due: Int64) {
        move { state, _ in if state.timer == due { state.timer = .max } }
    }

    private func tell(_ notice: LiveWorld.Notice, _ state: inout State) {
        switch notice {
        case .attempt(let key, let event):
            state.attempts[key]?.happened(event)
            switch event {
            case .finished, .failed: state.attempts[key] = nil
            case .accepted, .transcoded, .rendition: break
            }
        case .answer(let orchestrator, let answer):
            guard !state.questions[orchestrator].isEmpty else { return }
            let question = state.questions[orchestrator].removeFirst()
            question.yield(answer)
            question.finish()
        case .port(let orchestrator, let change):
            if change == .crashed { state.sessions[orchestrator] = [:] }
            ports[orchestrator].continuation.yield(change)
        }
    }
}

extension LiveWorld.Rendition {
    fileprivate init(_ profile: TranscodeProfile, duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        self.init(
            bits: Double(profile.bitrate) * seconds,
            pixels: Double(profile.width * profile.height) * profile.assumedFrameRate * seconds)
    }
}

extension TranscodeProfile {
    /// A script decodes nothing, so a profile that keeps the source's frames is taken for one of 30 a second.
    var assumedFrameRate: Double { frameRate.map { $0.value } ?? 30 }
}
