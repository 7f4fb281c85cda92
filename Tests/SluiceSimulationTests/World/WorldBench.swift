import SluiceRouting
import SluiceTypes

@testable import SluiceSimulation

/// A small world without chance, and the events of attempts as they come out of it.
struct WorldBench {
    struct Seen: Equatable {
        /// Nanoseconds since the attempt was sent.
        var after: Int64
        var event: AttemptEvent
    }

    var world: World
    private(set) var seen: [AttemptHandle: [Seen]] = [:]
    private var sentAt: [AttemptHandle: Int64] = [:]

    /// Two renditions of 0.8 and 1.6 Mbit, a source of 4 Mbit, and 19 958 400 pixels for each segment of 2 s.
    init(
        _ orchestrators: [OrchestratorModel] = [WorldBench.plain()], streams: Int = 1, gateways: Int = 1, uplink: Double? = nil,
        end: Double? = nil, seed: UInt64 = 7
    ) {
        let scenario = Scenario(
            name: "bench", duration: 200, gateways: gateways, streams: [StreamGroup(count: streams, startsOver: 0, end: end)],
            orchestrators: orchestrators, uplinkBitsPerSecond: uplink)
        precondition(scenario.check().isEmpty, "\(scenario.check())")
        world = World(scenario, seed: seed, drain: 60, gpu: { GPU(vendor: "", model: $0, gpuClass: .cpu) })
    }

    static func plain(
        _ name: String = "a", service: ServiceModel = quiet(), faults: [FaultModel] = [], price: Double = 0
    ) -> OrchestratorModel {
        OrchestratorModel(name: name, price: price, service: service, network: NetworkModel(jitter: 0), faults: faults)
    }

    static func quiet(coldStart: Double = 0.3, lanes: Int = 8, sessions: Int = 1000, queued: Int = 4) -> ServiceModel {
        ServiceModel(jitter: 0, tailShare: 0, coldStart: coldStart, lanes: lanes, sessions: sessions, queuedPerSession: queued)
    }

    /// Lets the world go on to this segment's cut.
    mutating func runToCut(stream: Int = 0, sequence: Int) {
        run { if case .cut(stream, sequence) = $0 { true } else { false } }
    }

    /// Lets the world go on until a gateway hears of this, or nothing more happens.
    @discardableResult
    mutating func run(until isDone: (Happening) -> Bool) -> Happening? {
        while let happening = world.next() {
            if case .attempt(let handle, _, _, let event) = happening, let sent = sentAt[handle] {
                seen[handle, default: []].append(Seen(after: world.now - sent, event: event))
            }
            if isDone(happening) { return happening }
        }
        return nil
    }

    mutating func runToEnd() { run { _ in false } }

    mutating func run(to seconds: Double) {
        world.insert(.wakeGateway(0), at: nanoseconds(seconds))
        let due = nanoseconds(seconds)
        while world.now < due { run { if case .wake = $0 { true } else { false } } }
    }

    mutating func send(
        stream: Int = 0, sequence: Int, to orchestrator: Int = 0, places: UInt32 = 0b11, visit: Int = 0
    ) -> AttemptHandle {
        let handle = world.send(stream: stream, sequence: sequence, to: orchestrator, places: places, visit: visit)
        sentAt[handle] = world.now
        return handle
    }

    func events(of handle: AttemptHandle) -> [AttemptEvent] { (seen[handle] ?? []).map(\.event) }

    /// Seconds from the sending to this event, to the nanosecond.
    func seconds(_ handle: AttemptHandle, to event: AttemptEvent) -> Double? {
        seen[handle]?.first { $0.event == event }.map { Double($0.after) / 1e9 }
    }

    func failure(of handle: AttemptHandle) -> (failure: SegmentFailure, seconds: Double)? {
        guard let last = seen[handle]?.last, case .failed(let failure) = last.event else { return nil }
        return (failure, Double(last.after) / 1e9)
    }
}

/// Within rounding to nanoseconds.
func isClose(_ seconds: Double?, _ expected: Double) -> Bool {
    guard let seconds else { return false }
    return abs(seconds - expected) < 2e-8
}
