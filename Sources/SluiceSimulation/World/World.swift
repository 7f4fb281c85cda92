import SluiceRouting
import SluiceTypes

/// The simulated world: publishers that cut segments, ways to carry them, orchestrators that work on them, and what goes wrong.
///
/// A machine on a virtual clock. `next` moves the clock to the next thing that a gateway gets to know; what a gateway wants done goes
/// in by `send`, `abort`, `ask` and the wakes. Nothing happens while the caller decides.
///
/// What is modelled, and how far:
/// * A gateway's uplink and an orchestrator's way in and out are shared equally and exactly among their transfers. An upload has to
///   get through two of them side by side; it is done when both have carried all of it, and does not give up at one what it does not
///   use because of the other.
/// * The loss of a transfer costs one retransmission timeout and a round trip; windows and their growth are not modelled.
/// * Connections are warm: no handshakes.
/// * Whether an orchestrator is full or refuses the token is looked at when the segment is sent; the answer comes a round trip later,
///   before the body has to be there.
/// * An orchestrator that stalls or is slow does so in all it does, its ways in and out included.
struct World {
    /// An orchestrator forgets a session that was silent for so long (`transcodeLoopTimeout`).
    static let sessionIdle: Int64 = 70_000_000_000
    /// What waiting for a retransmission costs, besides a round trip: Linux's smallest timeout.
    static let retransmission = 200_000_000.0
    /// An information call that is not answered by then never is (`GRPCTimeout`).
    static let askTimeout: Int64 = 8_000_000_000

    struct Group {
        let duration: Double
        let uploadBits: Double
        /// Of one segment, by place.
        let renditionBits: [Double]
        let renditionPixels: [Double]
        let outputPixelRate: Double
    }

    struct Stream {
        let id: StreamID
        let gateway: Int32
        var group: Int32
        let opens: Int64
        let closes: Int64
        /// Nanoseconds of a segment, and how many there are.
        let segment: Int64
        let segments: Int32
        var isClosed = false
    }

    struct Uplink {
        /// `nil`: without limit.
        var link: SharedLink?
        var due = Int64.max
    }

    struct Ask {
        var gateway: Int32
        var orchestrator: Int32
        var asked: Int64
        var crashes: Int
        var isAnswered: Bool
    }

    let noise: Noise
    let horizon: Int64
    var groups: [Group]
    var streams: [Stream]
    var orchestrators: [ModelledOrchestrator]
    var uplinks: [Uplink]
    var sessions: [ModelledSession] = []
    var sessionGenerations: [UInt32] = []
    var freeSessions: [Int32] = []
    var attempts: [ModelledAttempt] = []
    var generations: [UInt32] = []
    var freeAttempts: [Int32] = []
    var asks: [Ask] = []
    var freeAsks: [Int32] = []
    private var askCounts: [UInt64: Int] = [:]
    var tallies: [OrchestratorTally]

    private(set) var now: Int64 = 0
    private(set) var events = 0
    private(set) var openStreams = 0
    /// Attempts that are under way, aborted ones that are still worked on among them.
    var liveAttempts: Int { attempts.count - freeAttempts.count }
    private var queue = EventQueue<Int64, WorldEvent>()

    /// - Parameters:
    ///   - scenario: without faults of its own, see `Scenario.check`.
    ///   - drain: seconds that the world goes on after the last cut.
    ///   - publishes: whether its streams open and cut segments; else somebody else does, and they are only there.
    ///   - gpu: what a name of a GPU stands for.
    init(_ scenario: Scenario, seed: UInt64, drain: Double, publishes: Bool = true, gpu: (String) -> GPU?) {
        noise = Noise(seed: Noise.mixed(seed))
        horizon = nanoseconds(scenario.duration + drain)
        groups = scenario.streams.map { group in
            Group(
                duration: group.segmentDuration, uploadBits: group.bitrate * group.segmentDuration,
                renditionBits: group.renditions.map { $0.bitrate * group.segmentDuration },
                renditionPixels: group.renditions.map { Double($0.width * $0.height) * $0.frameRate * group.segmentDuration },
                outputPixelRate: group.outputPixelRate)
        }
        streams = Self.streams(of: scenario)
        uplinks = Array(
            repeating: Uplink(link: scenario.uplinkBitsPerSecond.map { SharedLink(bitsPerSecond: $0) }), count: scenario.gateways)
        var orchestrators: [ModelledOrchestrator] = []
        for model in scenario.orchestrators {
            let chip = model.gpu.flatMap(gpu)
            for name in model.names {
                orchestrators.append(ModelledOrchestrator(name: name, model: model, gpu: chip, horizon: horizon))
            }
        }
        self.orchestrators = orchestrators
        tallies = orchestrators.map { OrchestratorTally(name: $0.name) }
        for place in orchestrators.indices {
            for fault in orchestrators[place].model.faults.indices { scheduleFault(fault, of: place, notBefore: 0) }
        }
        guard publishes else { return }
        openStreams = streams.count
        for place in streams.indices { insert(.streamOpens(Int32(place)), at: streams[place].opens) }
    }

    private static func streams(of scenario: Scenario) -> [Stream] {
        var streams: [Stream] = []
        for (place, group) in scenario.streams.enumerated() {
            let segment = nanoseconds(group.segmentDuration)
            for number in 0..<group.count {
                let opens = nanoseconds(group.start + group.startsOver * Double(number) / Double(group.count))
                let closes = max(opens, nanoseconds(min(group.end ?? scenario.duration, scenario.duration)))
                // One word of a name; the world never looks at it again.
                guard let id = StreamID("stream-\(streams.count + 1)") else { preconditionFailure("a stream's name of digits") }
                streams.append(
                    Stream(
                        id: id, gateway: Int32(streams.count % scenario.gateways), group: Int32(place), opens: opens, closes: closes,
                        segment: segment, segments: Int32((closes - opens) / segment)))
            }
        }
        return streams
    }

    mutating func insert(_ event: WorldEvent, at moment: Int64) { queue.insert(event, at: max(moment, now)) }

    /// - Parameter nanoseconds: of the orchestrator's own time. What it never comes to is not put down.
    mutating func insert(_ event: WorldEvent, after nanoseconds: Double, at orchestrator: Int) {
        guard let moment = orchestrators[orchestrator].pace.moment(after: nanoseconds, from: now) else { return }
        insert(event, at: moment)
    }

    /// The next thing that a gateway gets to know; `nil` when nothing comes any more before the world ends.
    mutating func next() -> Happening? { next(until: horizon) }

    /// As `next`, up to this moment; `nil` when nothing comes until then.
    mutating func next(until moment: Int64) -> Happening? {
        while let due = nextDue, due <= moment, let (due, event) = queue.popFirst() {
            now = due
            events += 1
            if let happening = carryOut(event) { return happening }
        }
        return nil
    }

    /// When anything is due next; `nil` when nothing is, until somebody does something.
    var nextDue: Int64? { queue.first?.due }

    /// Lets time go by. Nothing may be due before `moment`.
    mutating func pass(to moment: Int64) { now = max(now, moment) }

    private mutating func carryOut(_ event: WorldEvent) -> Happening? {
        switch event {
        case .arrived(let handle): return arrived(handle)
        case .accepted(let handle): return tell(handle, .accepted)
        case .worked(let handle): return worked(handle)
        case .transcoded(let handle): return tell(handle, .transcoded)
        case .downloadBegins(let handle): return downloadBegins(handle)
        case .firstByte(let handle): return tell(handle, .firstByte)
        case .rendition(let handle, let place): return rendition(handle, place: Int(place))
        case .finished(let handle): return finished(handle)
        case .failed(let handle): return failed(handle)
        case .uplink(let gateway): return uplinkMoved(Int(gateway))
        case .inbound(let orchestrator): return inboundMoved(Int(orchestrator))
        case .outbound(let orchestrator): return outboundMoved(Int(orchestrator))
        case .wakeSegment(let stream, let sequence): return .wakeSegment(stream: Int(stream), sequence: Int(sequence))
        case .wakeGateway(let gateway): return .wake(gateway: Int(gateway))
        case .answer(let ask): return answer(Int(ask))
        case .cut(let stream, let sequence): return cut(Int(stream), sequence: sequence)
        case .streamOpens(let stream): return opens(Int(stream))
        case .streamCloses(let stream):
            openStreams -= 1
            streams[Int(stream)].isClosed = true
            return .closed(stream: Int(stream))
        case .faultBegins(let orchestrator, let fault): return faultBegins(Int(fault), at: Int(orchestrator))
        case .faultEnds(let orchestrator, let fault):
            orchestrators[Int(orchestrator)].end(fault: Int(fault))
            return nil
        case .springs(let orchestrator, let stage): return springs(stage, at: Int(orchestrator))
        case .idles(let session, let generation): return idles(Int(session), generation: generation)
        }
    }

    // MARK: Publishers

    private mutating func opens(_ place: Int) -> Happening {
        let stream = streams[place]
        if stream.segments > 0 {
            insert(.cut(stream: Int32(place), sequence: 0), at: stream.opens + stream.segment)
        } else {
            insert(.streamCloses(Int32(place)), at: stream.closes)
        }
        return .opened(stream: place)
    }

    private mutating func cut(_ place: Int, sequence: Int32) -> Happening {
        let stream = streams[place]
        if sequence + 1 < stream.segments {
            insert(.cut(stream: Int32(place), sequence: sequence + 1), at: now + stream.segment)
        } else {
            insert(.streamCloses(Int32(place)), at: stream.closes)
        }
        return .cut(stream: place, sequence: Int(sequence))
    }

    // MARK: Information calls

    mutating func ask(_ orchestrator: Int, from gateway: Int) {
        let key = UInt64(gateway) << 32 | UInt64(orchestrator)
        let count = askCounts[key, default: 0]
        askCounts[key] = count + 1
        let word = noise.word(.ask, orchestrator, gateway, count)
        let target = orchestrators[orchestrator]
        let roundTrip = target.model.network.roundTrip * 1e9 * Noise.factor(deviation: target.model.network.jitter, word)
        let due = target.condition.isDown ? now + Int64(roundTrip) : target.pace.moment(after: roundTrip, from: now) ?? Int64.max
        let timeout = now + Self.askTimeout
        let ask = Ask(
            gateway: Int32(gateway), orchestrator: Int32(orchestrator), asked: now, crashes: target.crashes,
            isAnswered: !target.condition.isDown && due <= timeout)
        let place: Int32
        if let free = freeAsks.popLast() {
            place = free
            asks[Int(free)] = ask
        } else {
            place = Int32(asks.count)
            asks.append(ask)
        }
        insert(.answer(ask: place), at: min(due, timeout))
    }

    private mutating func answer(_ place: Int) -> Happening {
        let ask = asks[place]
        freeAsks.append(Int32(place))
        let orchestrator = Int(ask.orchestrator)
        let roundTrip = Double(now - ask.asked) / 1e9
        let isAnswered =
            ask.isAnswered && ask.crashes == orchestrators[orchestrator].crashes && !orchestrators[orchestrator].isFull
        guard isAnswered else {
            return .answered(gateway: Int(ask.gateway), orchestrator: orchestrator, nil, roundTrip: roundTrip)
        }
        var entry = orchestrators[orchestrator].entry
        entry.roundTrip = roundTrip
        entry.price = Self.price(weiPerPixel: orchestrators[orchestrator].price)
        return .answered(gateway: Int(ask.gateway), orchestrator: orchestrator, entry, roundTrip: roundTrip)
    }

    /// `nil` for 0: nothing is asked. To a millionth of a wei.
    static func price(weiPerPixel: Double) -> Price? {
        guard weiPerPixel > 0 else { return nil }
        return Price(pricePerUnit: Int64(min(weiPerPixel * 1e6, 9e18).rounded()), pixelsPerUnit: 1_000_000)
    }
}
