import AllocationCount
import SluiceRouting
import SluiceTypes

/// Times single decisions of one router: of streams that stay, of streams that have just begun, and of segments that are sent again.
struct DecisionBench {
    struct Sample {
        var nanoseconds: [Int64] = []
        var bytes: UInt64 = 0
        var allocations: UInt64 = 0

        var json: String {
            let sorted = nanoseconds.sorted()
            func microseconds(_ share: Double) -> Double {
                sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]) / 1000
            }
            let number = max(1, sorted.count)
            return """
                {"p50Us": \(microseconds(0.5)), "p99Us": \(microseconds(0.99)), "n": \(sorted.count), \
                "bytes": \(Int(bytes) / number), "allocations": \(Double(allocations) / Double(number))}
                """
        }
    }

    static let workClasses = 8
    private static let streams = 1000
    /// Streams of which one begins anew in each round.
    private static let turnover = 20
    private static let capabilities = CapabilitySet([.h264, .mpegTS])

    private var router: SegmentRouter
    private let entries: [OrchestratorEntry]
    private var now = Moment(seconds: 1)
    private var sequence: Int64 = 0
    private var actions: [DispatchAction] = []
    private let clock = ContinuousClock()

    init(orchestrators: Int) {
        var settings = RoutingSettings()
        settings.canaryShare = 0
        router = SegmentRouter(settings: settings, seed: 1)
        entries = (0..<orchestrators).map { number in
            OrchestratorEntry(
                id: OrchestratorID("https://orchestrator-\(number).example:8935"), capabilities: Self.capabilities,
                price: Price(pricePerUnit: Int64(900 + number % 7 * 50), pixelsPerUnit: 1), operatorName: "operator-\(number % 100)",
                region: "eu", roundTrip: 0.01 + 0.0001 * Double(number % 50))
        }
    }

    private func name(_ number: Int) -> StreamID { StreamID("stream-\(number)") ?? { preconditionFailure("a legal name") }() }

    /// Every orchestrator serves every kind of work, so that all of them are known.
    mutating func teach() {
        for entry in entries {
            router.update([entry], at: now)
            for workClass in 0..<Self.workClasses {
                for _ in 0..<5 { serve(name(0), workClass: workClass, seconds: 0.15 + 0.001 * Double(sequence % 40)) }
            }
            router.close(name(0))
        }
        router.update(entries, at: now)
    }

    private mutating func facts(_ stream: StreamID, workClass: Int) -> SegmentFacts {
        sequence += 1
        return SegmentFacts(
            stream: stream, sequence: SegmentSequence(sequence), duration: 2, byteCount: 500_000,
            outputPixelRate: 1_000_000 * Double(1 << workClass), renditions: 2, capabilities: Self.capabilities, cut: now)
    }

    private mutating func serve(_ stream: StreamID, workClass: Int, seconds: Double) {
        actions.removeAll(keepingCapacity: true)
        var course = SegmentCourse(facts(stream, workClass: workClass), router: &router, at: now, actions: &actions)
        answer(&course, attempt: 0, seconds: seconds)
    }

    private mutating func answer(_ course: inout SegmentCourse, attempt: Int, seconds: Double) {
        let end = now.advanced(bySeconds: seconds)
        for event in [AttemptEvent.accepted, .transcoded, .firstByte, .rendition(place: 0), .rendition(place: 1), .finished] {
            course.happened(event, attempt: AttemptID(attempt), router: &router, at: end, actions: &actions)
        }
    }

    mutating func measure(rounds: Int) -> (stay: Sample, first: Sample, another: Sample) {
        var stay = Sample()
        var first = Sample()
        var another = Sample()
        for round in 0..<rounds {
            for number in 0..<Self.streams {
                now = now.advanced(bySeconds: 2 / Double(Self.streams))
                let isNew = round == 0 || number % Self.turnover == round % Self.turnover
                if isNew { router.close(name(number)) }
                let facts = facts(name(number), workClass: number % Self.workClasses)
                actions.removeAll(keepingCapacity: true)
                var course: SegmentCourse?
                let begun = cost { $0.start(facts, &course) }
                guard var course else { continue }
                // The first round warms caches and is not counted.
                if round > 0, isNew { note(begun, in: &first) }
                if round > 0, !isNew { note(begun, in: &stay) }
                if number % Self.turnover == 7 {
                    let failed = self.cost { $0.refuse(&course) }
                    if round > 0 { note(failed, in: &another) }
                    answer(&course, attempt: 1, seconds: 0.2)
                } else {
                    answer(&course, attempt: 0, seconds: 0.15 + 0.001 * Double(sequence % 40))
                }
            }
        }
        return (stay, first, another)
    }

    private mutating func start(_ facts: SegmentFacts, _ course: inout SegmentCourse?) {
        course = SegmentCourse(facts, router: &router, at: now, actions: &actions)
    }

    private mutating func refuse(_ course: inout SegmentCourse) {
        let event = AttemptEvent.failed(SegmentFailure(.refused, "no"))
        course.happened(event, attempt: AttemptID(0), router: &router, at: now, actions: &actions)
    }

    private mutating func cost(_ body: (inout Self) -> Void) -> (nanoseconds: Int64, bytes: UInt64, allocations: UInt64) {
        let (bytes, number) = (allocated_bytes(), allocations())
        let start = clock.now
        body(&self)
        let time = start.duration(to: clock.now)
        return (time.components.attoseconds / 1_000_000_000, allocated_bytes() - bytes, allocations() - number)
    }

    private func note(_ cost: (nanoseconds: Int64, bytes: UInt64, allocations: UInt64), in sample: inout Sample) {
        sample.nanoseconds.append(cost.nanoseconds)
        sample.bytes += cost.bytes
        sample.allocations += cost.allocations
    }
}
