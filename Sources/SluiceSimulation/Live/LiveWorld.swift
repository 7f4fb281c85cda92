import SluiceRouting
package import SluiceTypes

/// The orchestrators of a scenario in the time of real gateways: the very world of `Simulation`, but what is published and sent comes
/// from outside. They are well until it begins.
///
/// A machine. The caller brings the time (nanoseconds since the start, which never go back) and what gateways do, comes back at
/// `nextDue`, and carries the notices to whom they are for.
package struct LiveWorld: Sendable {
    /// Names of streams that are known at once; one more is refused. Their ends are not told for sure, so they are never forgotten.
    package static let mostStreams = 10_000
    /// Sequences of a stream for which repeated sendings are counted: more than are ever under way.
    private static let countedSequences: Int64 = 64
    /// Renditions of one segment: they are bits of a word.
    package static let mostRenditions = 32

    package struct Rendition: Hashable, Sendable {
        package var bits: Double
        package var pixels: Double

        package init(bits: Double, pixels: Double) {
            self.bits = bits
            self.pixels = pixels
        }
    }

    /// One sending of a segment to one orchestrator.
    package struct Attempt: Hashable, Sendable {
        fileprivate let handle: AttemptHandle
    }

    package enum Notice: Sendable {
        case attempt(Attempt, LiveEvent)
        /// To the oldest question that this orchestrator has not answered yet.
        case answer(orchestrator: Int, LiveAnswer)
        case port(orchestrator: Int, LivePort)
    }

    private struct Visit: Hashable {
        var stream: Int
        var sequence: Int64
        var orchestrator: Int
    }

    private struct Seen {
        var crashes = 0
        var isDown = false
        var isStalled = false
    }

    package let scenario: Scenario
    private var world: World
    private var places: [StreamID: Int]
    /// Streams that have a group of their own, with what their newest segment really weighs.
    private var weighed: Set<Int> = []
    private var visits: [Visit: Int] = [:]
    private var seen: [Seen]
    private var notices: [Notice] = []

    package init(_ scenario: Scenario, seed: UInt64) throws(ImpossibleScenario) {
        let faults = scenario.check()
        guard faults.isEmpty else { throw ImpossibleScenario(scenario: scenario.name, faults: faults) }
        self.scenario = scenario
        var calm = scenario
        for place in calm.orchestrators.indices { calm.orchestrators[place].faults = [] }
        world = World(calm, seed: seed, drain: 0, publishes: false, gpu: { _ in nil })
        places = Dictionary(uniqueKeysWithValues: world.streams.enumerated().map { ($1.id, $0) })
        seen = world.orchestrators.map { _ in Seen() }
    }

    /// The scenario's time begins: its faults come from now on.
    package mutating func begin(at now: Int64) {
        advance(to: now)
        let faults = scenario.orchestrators.flatMap { model in model.names.map { _ in model.faults } }
        // Nobody sends anything so long after the scenario's end.
        let horizon = now + 2 * nanoseconds(scenario.duration)
        for (place, faults) in faults.enumerated() { world.expect(faults, at: place, horizon: horizon) }
        advance(to: now)
    }

    // MARK: Time

    /// Of what anybody must be told; `nil` when nothing is due until a gateway does something.
    package var nextDue: Int64? { world.nextDue }

    package mutating func advance(to moment: Int64) {
        while let happening = world.next(until: moment) { note(happening) }
        world.pass(to: moment)
        notePorts()
    }

    package mutating func takeNotices() -> [Notice] {
        defer { notices.removeAll(keepingCapacity: true) }
        return notices
    }

    private mutating func note(_ happening: Happening) {
        // What a crash broke is told after the crash.
        notePorts()
        switch happening {
        case .attempt(let handle, _, _, let event):
            guard let event = live(event, handle) else { return }
            notices.append(.attempt(Attempt(handle: handle), event))
        case .answered(_, let orchestrator, let entry, _):
            let isFull = world.orchestrators[orchestrator].isFull
            notices.append(.answer(orchestrator: orchestrator, entry != nil ? .here : isFull ? .full : .silent))
        case .opened, .closed, .cut, .wake, .wakeSegment: break
        }
    }

    private func live(_ event: AttemptEvent, _ handle: AttemptHandle) -> LiveEvent? {
        switch event {
        case .accepted: .accepted
        case .transcoded: .transcoded
        case .firstByte: nil
        case .rendition(let place): .rendition(place)
        case .finished: .finished
        // Its place is free, and nobody has taken it yet.
        case .failed: .failed(LiveFailure(world.attempts[Int(handle.place)].failure))
        }
    }

    private mutating func notePorts() {
        for place in seen.indices {
            let orchestrator = world.orchestrators[place]
            let isDown = orchestrator.condition.isDown
            if orchestrator.crashes != seen[place].crashes { notices.append(.port(orchestrator: place, .crashed)) }
            let wasDown = seen[place].isDown || orchestrator.crashes != seen[place].crashes
            if wasDown, !isDown { notices.append(.port(orchestrator: place, .returned)) }
            let isStalled = orchestrator.pace.rate(at: world.now) == 0
            if isStalled != seen[place].isStalled { notices.append(.port(orchestrator: place, isStalled ? .stalled : .resumed)) }
            seen[place] = Seen(crashes: orchestrator.crashes, isDown: isDown, isStalled: isStalled)
        }
    }

    // MARK: What gateways do

    /// - Parameter now: in order.
    /// - Returns: `nil` when there are too many streams, or renditions.
    package mutating func send(
        _ stream: StreamID, _ sequence: SegmentSequence, bits: Double, renditions: [Rendition], to orchestrator: Int, at now: Int64
    ) -> Attempt? {
        advance(to: now)
        guard (1...Self.mostRenditions).contains(renditions.count), let place = place(of: stream, bits, renditions) else { return nil }
        let number = sequence.rawValue & 0x7FFF_FFFF
        let visit = Visit(stream: place, sequence: number, orchestrator: orchestrator)
        let before = visits[visit] ?? 0
        visits[visit] = before + 1
        if before == 0 { visits[Visit(stream: place, sequence: number - Self.countedSequences, orchestrator: orchestrator)] = nil }
        let mask = UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(renditions.count)) - 1)
        let handle = world.send(stream: place, sequence: Int(number), to: orchestrator, places: mask, visit: before)
        advance(to: now)
        return Attempt(handle: handle)
    }

    /// The stream's next segment there opens a new session.
    package mutating func renewSession(of stream: StreamID, at orchestrator: Int) {
        if let place = places[stream] { world.renewSession(of: place, at: orchestrator) }
    }

    package mutating func endSession(of stream: StreamID, at orchestrator: Int) {
        if let place = places[stream] { world.closeSession(of: place, at: orchestrator) }
    }

    package mutating func abort(_ attempt: Attempt) { world.abort(attempt.handle) }

    /// Answered by a notice.
    package mutating func ask(_ orchestrator: Int, at now: Int64) {
        advance(to: now)
        world.ask(orchestrator, from: 0)
        advance(to: now)
    }

    private mutating func place(of stream: StreamID, _ bits: Double, _ renditions: [Rendition]) -> Int? {
        let known = places[stream]
        guard let place = known ?? (world.streams.count < Self.mostStreams ? world.streams.count : nil) else { return nil }
        let group = World.Group(
            duration: 0, uploadBits: bits, renditionBits: renditions.map(\.bits), renditionPixels: renditions.map(\.pixels),
            outputPixelRate: 0)
        if known == nil {
            places[stream] = place
            world.streams.append(
                World.Stream(id: stream, gateway: 0, group: 0, opens: 0, closes: world.horizon, segment: 1, segments: 0))
        }
        if weighed.insert(place).inserted {
            world.streams[place].group = Int32(world.groups.count)
            world.groups.append(group)
        } else {
            world.groups[Int(world.streams[place].group)] = group
        }
        return place
    }

    // MARK: What is to be told

    package var names: [String] { world.orchestrators.map(\.name) }

    /// What it asks at the moment; `nil` for nothing.
    package func price(of orchestrator: Int) -> Price? { World.price(weiPerPixel: world.orchestrators[orchestrator].price) }

    /// What is wrong with the pictures that it makes now.
    package func picture(of orchestrator: Int) -> FaultModel.Picture? { world.orchestrators[orchestrator].condition.picture }

    package func tally(of orchestrator: Int) -> LiveTally {
        let modelled = world.orchestrators[orchestrator]
        let tally = world.tallies[orchestrator]
        return LiveTally(
            attempts: tally.attempts, failures: tally.failures, crashes: modelled.crashes,
            kills: Dictionary(uniqueKeysWithValues: FaultModel.Stage.allCases.map { ($0.rawValue, modelled.kills[$0] ?? 0) }),
            isDown: modelled.condition.isDown)
    }

    /// The streams as the scenario has them, in its order.
    package var publications: [LivePublication] {
        world.streams.prefix(scenario.streams.reduce(0) { $0 + $1.count }).enumerated().map { place, stream in
            var before = 0
            let group = scenario.streams.first { group in
                before += group.count
                return place < before
            }
            return LivePublication(
                name: stream.id, opens: Double(stream.opens) / 1e9, segmentDuration: Double(stream.segment) / 1e9,
                segments: Int(stream.segments), bitrate: group?.bitrate ?? 0, renditions: group?.renditions ?? [])
        }
    }
}
