import SluiceRouting
import SluiceTypes

@testable import SluiceSimulation

/// Steps the model of the reference by hand through the protocol: the test is the world.
struct ReferenceBench {
    var policy: ReferencePolicy
    private(set) var now = Moment(nanoseconds: 0)
    /// Calls that nobody has answered, in order.
    private(set) var asked: [OrchestratorID] = []
    private(set) var sent: [Sent] = []
    private(set) var aborted: [Int] = []
    private(set) var renewed: [OrchestratorID] = []
    /// How segments ended; `nil` is success.
    private(set) var ended: [Int: SegmentFailure?] = [:]
    private var askedAt: [Moment] = []
    private var wakes: [(due: Moment, segment: SegmentKey?)] = []

    struct Sent: Equatable {
        var sequence: Int
        var attempt: Int
        var to: String
        var role: AttemptRole
        var at: Double
    }

    static let stream = StreamID("stream")!
    let ids: [OrchestratorID]
    let duration: Double

    init(orchestrators: Int, duration: Double = 2, settings: ReferenceSettings = .init()) {
        ids = (0..<orchestrators).map { OrchestratorID("o\($0)") }
        self.duration = duration
        policy = ReferencePolicy(settings: settings)
        var actions: [PolicyAction] = []
        policy.start(ids, at: now, actions: &actions)
        obey(actions)
    }

    /// With a stream that knows every orchestrator, `o0` the nearest, at 1 s.
    static func ready(orchestrators: Int, duration: Double = 2, settings: ReferenceSettings = .init()) -> ReferenceBench {
        var bench = ReferenceBench(orchestrators: orchestrators, duration: duration, settings: settings)
        bench.open()
        bench.answerAll()
        bench.advance(to: 1)
        return bench
    }

    var seconds: Double { now.seconds }

    // MARK: The world's side

    mutating func open(_ stream: StreamID = stream) {
        var actions: [PolicyAction] = []
        policy.opened(stream, at: now, actions: &actions)
        obey(actions)
    }

    mutating func close() {
        var actions: [PolicyAction] = []
        policy.closed(Self.stream, at: now, actions: &actions)
        obey(actions)
    }

    mutating func cut(_ sequence: Int, stream: StreamID = stream) {
        var actions: [PolicyAction] = []
        let facts = SegmentFacts(
            stream: stream, sequence: SegmentSequence(Int64(sequence)), duration: duration, byteCount: 500_000,
            outputPixelRate: 1e7, renditions: 2, cut: now)
        policy.cut(facts, at: now, actions: &actions)
        obey(actions)
    }

    /// Answers the oldest call to this orchestrator.
    mutating func answer(_ orchestrator: Int, good: Bool = true, price: Price? = nil, capabilities: CapabilitySet? = nil) {
        guard let place = asked.firstIndex(of: ids[orchestrator]) else { preconditionFailure("nobody asked o\(orchestrator)") }
        let since = askedAt.remove(at: place)
        asked.remove(at: place)
        let entry = OrchestratorEntry(
            id: ids[orchestrator], capabilities: capabilities ?? CapabilitySet(Capability.allCases), price: price)
        var actions: [PolicyAction] = []
        policy.answered(ids[orchestrator], good ? entry : nil, roundTrip: now.seconds(since: since), at: now, actions: &actions)
        obey(actions)
    }

    /// All that were asked answer, the first first, each a millisecond after the one before.
    mutating func answerAll(good: Bool = true) {
        for id in asked.reversed().reversed() {
            advance(by: 0.001)
            if let place = ids.firstIndex(of: id), asked.contains(id) { answer(place, good: good) }
        }
    }

    mutating func happen(_ event: AttemptEvent, _ sequence: Int, attempt: Int = 0, stream: StreamID = stream) {
        var actions: [PolicyAction] = []
        policy.happened(event, attempt: AttemptID(attempt), of: key(sequence, stream), at: now, actions: &actions)
        obey(actions)
    }

    /// The whole of a good attempt, whose answer is here after so many seconds and whose renditions come at once.
    mutating func serve(_ sequence: Int, attempt: Int = 0, after seconds: Double = 0.2, stream: StreamID = stream) {
        happen(.accepted, sequence, attempt: attempt, stream: stream)
        advance(by: seconds)
        happen(.transcoded, sequence, attempt: attempt, stream: stream)
        for event in [AttemptEvent.firstByte, .rendition(place: 0), .rendition(place: 1), .finished] {
            happen(event, sequence, attempt: attempt, stream: stream)
        }
    }

    mutating func fail(_ sequence: Int, attempt: Int = 0, _ reason: SegmentFailure.Reason = .unreachable, stream: StreamID = stream) {
        happen(.failed(SegmentFailure(reason, "as the test wishes")), sequence, attempt: attempt, stream: stream)
    }

    /// Time goes on; the policy is woken whenever it asked for it.
    mutating func advance(to seconds: Double) {
        let end = Moment(seconds: seconds)
        while let next = wakes.indices.min(by: { wakes[$0].due < wakes[$1].due }), wakes[next].due <= end {
            let wake = wakes.remove(at: next)
            now = max(now, wake.due)
            var actions: [PolicyAction] = []
            policy.wake(wake.segment, at: now, actions: &actions)
            obey(actions)
        }
        now = max(now, end)
    }

    mutating func advance(by seconds: Double) { advance(to: now.seconds + seconds) }

    private func key(_ sequence: Int, _ stream: StreamID) -> SegmentKey {
        SegmentKey(stream: stream, sequence: SegmentSequence(Int64(sequence)))
    }

    private mutating func obey(_ actions: [PolicyAction]) {
        for action in actions {
            switch action {
            case .ask(let id):
                asked.append(id)
                askedAt.append(now)
            case .wake(let due): wakes.append((due, nil))
            case .renew(_, let id): renewed.append(id)
            case .dispatch(let key, .wake(let due)): wakes.append((due, key))
            case .dispatch(let key, .send(let id, let orchestrator, let places, let role)):
                precondition(places == [0, 1], "the reference always asks for all")
                sent.append(
                    Sent(
                        sequence: Int(key.sequence.rawValue), attempt: id.rawValue, to: orchestrator.rawValue, role: role,
                        at: now.seconds))
            case .dispatch(_, .abort(let id)): aborted.append(id.rawValue)
            case .dispatch(let key, .end(let failure)): ended[Int(key.sequence.rawValue)] = .some(failure)
            }
        }
    }

    // MARK: What the test looks at

    /// To whom the attempts went, in order.
    var targets: [String] { sent.map(\.to) }

    func isServed(_ sequence: Int) -> Bool { ended[sequence] == .some(nil) }

    func failure(of sequence: Int) -> SegmentFailure? { ended[sequence] ?? nil }
}

extension ReferenceSessionPool {
    /// Looks without touching what looking changes.
    func penalty(of orchestrator: Int) -> Int {
        var copy = suspension
        return copy.penalty(of: orchestrator)
    }
}
