import SluiceTypes

@testable import SluiceRouting

/// One router and courses on virtual time; a test says what each orchestrator does and when.
struct Story {
    var router: SegmentRouter
    private(set) var now = Moment(seconds: 1)
    private(set) var courses: [Int64: SegmentCourse] = [:]
    /// What the courses asked for, and which wakes are due.
    private(set) var actions: [DispatchAction] = []
    private var wakes: [(at: Moment, sequence: Int64)] = []

    static let stream = named("one")

    static func named(_ name: String) -> StreamID { StreamID(name) ?? { preconditionFailure("a legal name") }() }

    init(_ names: [String], settings: RoutingSettings = Story.plain, seed: UInt64 = 1, change: (inout OrchestratorEntry) -> Void = { _ in })
    {
        router = SegmentRouter(settings: settings, seed: seed)
        router.update(
            names.map { name in
                var entry = OrchestratorEntry(id: OrchestratorID(name), capabilities: CapabilitySet([.h264]), operatorName: name)
                change(&entry)
                return entry
            }, at: now)
    }

    /// Without canaries, so that only what a test is about is sent.
    static var plain: RoutingSettings {
        var settings = RoutingSettings()
        settings.canaryShare = 0
        return settings
    }

    static func facts(_ sequence: Int64, stream: StreamID = stream, at cut: Moment) -> SegmentFacts {
        SegmentFacts(
            stream: stream, sequence: SegmentSequence(sequence), duration: 2, byteCount: 500_000, outputPixelRate: 10_000_000,
            renditions: 2,
            capabilities: CapabilitySet([.h264]), cut: cut)
    }

    /// Cuts a segment and returns whom it was sent to.
    mutating func cut(_ sequence: Int64, stream: StreamID = Self.stream) -> String? {
        actions = []
        courses[sequence] = SegmentCourse(Self.facts(sequence, stream: stream, at: now), router: &router, at: now, actions: &actions)
        note(sequence)
        return sent.last?.to
    }

    mutating func happen(_ event: AttemptEvent, _ attempt: Int = 0, of sequence: Int64 = 0) {
        actions = []
        courses[sequence]?.happened(event, attempt: AttemptID(attempt), router: &router, at: now, actions: &actions)
        note(sequence)
    }

    mutating func decline(_ attempt: Int = 0, of sequence: Int64 = 0) {
        actions = []
        courses[sequence]?.decline(AttemptID(attempt), router: &router, at: now, actions: &actions)
        note(sequence)
    }

    /// All of one attempt's events, up to its end.
    mutating func answer(_ attempt: Int = 0, of sequence: Int64 = 0) {
        var all: [DispatchAction] = []
        for event in [AttemptEvent.accepted, .transcoded, .firstByte, .rendition(place: 0), .rendition(place: 1), .finished] {
            happen(event, attempt, of: sequence)
            all += actions
        }
        actions = all
    }

    /// Lets time go by and wakes what is due, in order.
    mutating func pass(_ seconds: Double) {
        let end = now.advanced(bySeconds: seconds)
        var all: [DispatchAction] = []
        while let next = wakes.min(by: { $0.at < $1.at }), next.at <= end {
            wakes.removeAll { $0 == next }
            now = max(now, next.at)
            actions = []
            courses[next.sequence]?.wake(router: &router, at: now, actions: &actions)
            note(next.sequence)
            all += actions
        }
        now = end
        actions = all
    }

    /// A whole segment that takes so long, on whom it was sent to.
    mutating func serve(_ sequence: Int64, in seconds: Double = 0.2) -> String? {
        let chosen = cut(sequence)
        pass(seconds)
        answer(0, of: sequence)
        pass(2 - seconds)
        return chosen
    }

    var sent: [(attempt: Int, to: String, places: [Int], role: AttemptRole)] {
        actions.compactMap {
            if case .send(let attempt, let to, let places, let role) = $0 { (attempt.rawValue, to.rawValue, places, role) } else { nil }
        }
    }

    var aborted: [Int] { actions.compactMap { if case .abort(let attempt) = $0 { attempt.rawValue } else { nil } } }

    /// `.some(nil)`: ended well.
    var ended: SegmentFailure?? {
        actions.lazy.compactMap { if case .end(let failure) = $0 { SegmentFailure??.some(failure) } else { nil } }.first ?? nil
    }

    private mutating func note(_ sequence: Int64) {
        for case .wake(let at) in actions { wakes.append((at, sequence)) }
    }
}
