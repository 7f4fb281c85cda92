import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// A stream in low latency: the windows of all its renditions, and everybody who waits for what comes next.
///
/// Outlives its publisher, as `StreamOutput` does. Every call is short and made under one lock; viewers are told outside of it.
final class LowLatencyOutput: Sendable {
    /// One publisher's time with the stream: what an earlier one still has to say is not heard.
    struct Life: Hashable, Sendable {
        fileprivate let number: Int
    }

    struct State {
        /// The source first, then the renditions in profile order.
        var shelves: [LowLatencyShelf]
        /// Of the last segment that came.
        var codings: [MediaCoding?]
        /// Places of the shelves that are listed, the source first.
        var listed: [Int]
        /// While nobody publishes.
        var absence: Absence?
        var schedules: [SourceSchedule] = []
        var life = 0
        /// Grows with every change.
        var version: UInt64 = 0
        var lastWaiting: UInt64 = 0
        /// Of which the witness has not heard yet.
        var served: [(shelf: Int, segments: [ServingNotes.Unserved])] = []
    }

    /// Source segments whose renditions may still come: those in flight and waiting, with room to spare.
    private static let mostSchedules = 64

    let stream: StreamID
    let settings: LowLatencySettings
    let segmentTarget: Duration
    let witness: SegmentWitness?
    let state: Mutex<State>

    init(
        stream: StreamID, renditions: [String], settings: LowLatencySettings, segmentTarget: Duration,
        witness: SegmentWitness? = nil, wallClock: Int64 = wallClockNanoseconds()
    ) {
        self.witness = witness
        self.stream = stream
        self.settings = settings
        self.segmentTarget = segmentTarget
        let names = [StreamOutput.sourceName] + renditions
        let window = LowLatencyWindow(length: settings.window, wallClock: wallClock)
        state = Mutex(
            State(
                shelves: names.map { LowLatencyShelf(name: $0, window: window, notesServing: witness != nil) },
                codings: names.map { _ in nil },
                listed: Array(names.indices)))
    }

    var partTarget: PartTarget {
        state.withLock { $0.shelves[0].window.timing?.partTarget } ?? PartTarget(aim: settings.part)
    }
}

// MARK: The source

extension LowLatencyOutput {
    /// From here on only this life is heard.
    func beginLife() -> Life {
        state.withLock { state in
            state.life += 1
            state.absence = nil
            return Life(number: state.life)
        }
    }

    func openSource(
        _ sequence: SegmentSequence, in life: Life, wallClock: Int64, startsDiscontinuity: Bool, _ coding: MediaCoding
    ) {
        state.withLock { state in
            guard state.life == life.number else { return }
            let number = state.shelves[0].window.add(initialization: coding.initialization)
            state.codings[0] = coding
            let before = state.shelves[0].window.entries.last
            let clock = startsDiscontinuity ? wallClock : Self.continued(wallClock, after: before)
            state.shelves[0].window.openSegment(wallClock: clock, startsDiscontinuity: startsDiscontinuity, initialization: number)
            state.schedules.append(SourceSchedule(segment: sequence))
            if state.schedules.count > Self.mostSchedules { state.schedules.removeFirst() }
        }
    }

    /// - Returns: `false` when viewers have seen parts of the open segment already: what changed waits for the next one.
    func redefineSource(in life: Life, _ coding: MediaCoding) -> Bool {
        state.withLock { state in
            let window = state.shelves[0].window
            guard state.life == life.number, let open = window.open, open.parts.isEmpty || !window.isVisible else { return false }
            state.shelves[0].window.redefine(initialization: open.initialization, coding.initialization)
            state.codings[0] = coding
            return true
        }
    }

    func publishSource(_ part: MediaPart, in life: Life) {
        change(0) { state in
            guard state.life == life.number, let open = state.shelves[0].window.open else { return }
            if state.shelves[0].window.isFull(adding: part.duration) {
                let clock = open.wallClock + Int64(open.duration.seconds * 1e9)
                state.shelves[0].window.openSegment(wallClock: clock, startsDiscontinuity: false, initialization: open.initialization)
            }
            if let schedule = state.schedules.indices.last, let entry = state.shelves[0].window.open {
                state.schedules[schedule].add(part, of: entry)
            }
            state.shelves[0].window.append(duration: part.duration, isIndependent: part.isIndependent, part.bytes)
            if let segment = state.schedules.last?.segment {
                state.shelves[0].serving.listed(segment, most: state.shelves[0].window.entries.count + 1)
            }
        }
    }

    /// - Parameter frame: how long the publisher's frames turned out to be.
    /// - Returns: how long parts are from now on.
    func closeSource(in life: Life, frame: MediaTime) -> PartTarget? {
        change(0) { state in
            guard state.life == life.number else { return nil }
            state.shelves[0].window.closeSegment()
            if let known = state.shelves[0].window.timing { return known.partTarget }
            guard let first = state.shelves[0].window.lastComplete else { return nil }
            // The first segment tells how long groups of pictures are, and frames: what is declared now holds for good.
            let seconds = max(segmentTarget.inSeconds.rounded(.up), first.duration.seconds.rounded())
            let timing = LowLatencyWindow.Timing(
                targetSeconds: Int(seconds), partTarget: PartTarget(aim: settings.part, frame: frame))
            for index in state.shelves.indices {
                state.shelves[index].window.settle(timing)
                state.shelves[index].serving.beganToShow()
            }
            return timing.partTarget
        }
    }

    func end() {
        let wakes = state.withLock { state in
            state.version += 1
            for index in state.shelves.indices { state.shelves[index].end() }
            return state.shelves.indices.flatMap { wake($0, &state) }
        }
        deliver(wakes)
    }

    func reopen() {
        state.withLock { state in
            state.version += 1
            for index in state.shelves.indices { state.shelves[index].window.reopen() }
        }
    }

    /// The wall clock of a segment that continues the one before: that one's, and its length, drawn slowly to the time of arrival, so
    /// that a late packet does not move the dates and a publisher's clock that is off does in the end.
    private static func continued(_ arrival: Int64, after entry: LowLatencyWindow.Entry?) -> Int64 {
        guard let entry else { return arrival }
        let expected = entry.wallClock + Int64(entry.duration.seconds * 1e9)
        let off = arrival - expected
        guard abs(off) < 1_000_000_000 else { return arrival }
        return expected + min(max(off / 8, -1_000_000), 1_000_000)
    }
}

// MARK: Renditions

extension LowLatencyOutput {
    /// How a source segment was cut; `nil` when it was not packaged, or long ago.
    func schedule(of segment: SegmentSequence) -> SourceSchedule? {
        state.withLock { $0.schedules.last { $0.segment == segment } }
    }

    /// - Parameter parts: those that came, by their place in the segment; what is missing becomes a gap.
    func publish(rendition index: Int, of schedule: SourceSchedule, _ parts: [Int: RenditionPackager.Part], _ coding: MediaCoding?) {
        change(index + 1) { state in
            guard state.listed.contains(index + 1) else { return }
            guard coding != nil || !state.shelves[index + 1].window.entries.isEmpty else { return }
            if let coding { state.codings[index + 1] = coding }
            state.shelves[index + 1].append(schedule, coding?.initialization) { place in
                parts[place].map { ($0.bytes, $0.isIndependent) }
            }
        }
    }

    /// Lists a part of a segment whose rest is still to come.
    ///
    /// - Returns: `false` where it has no place: the playlist is beyond it.
    func publish(rendition index: Int, of schedule: SourceSchedule, _ part: RenditionPackager.Part, _ coding: MediaCoding) -> Bool {
        change(index + 1) { state in
            guard state.listed.contains(index + 1) else { return false }
            state.codings[index + 1] = coding
            return state.shelves[index + 1].append(part, of: schedule, coding.initialization)
        }
    }

    /// Nothing more comes of a segment that `publish` has begun: the parts that have not come are gaps.
    func endBegun(rendition index: Int, of schedule: SourceSchedule) {
        change(index + 1) { $0.shelves[index + 1].endBegun(schedule) }
    }

    /// The source stands in for a rendition.
    func publishSource(as index: Int, of schedule: SourceSchedule) {
        change(index + 1) { state in
            guard state.listed.contains(index + 1) else { return }
            let source = state.shelves[0].window
            let entries = schedule.entries.map { entry in source.entries.first { $0.sequence == entry.sequence } }
            let parts = entries.flatMap { $0?.parts ?? [] }
            guard let first = entries.first ?? nil, parts.count == schedule.parts.count else {
                return state.shelves[index + 1].append(schedule, nil) { _ in nil }
            }
            let name = state.shelves[index + 1].name
            state.codings[index + 1] = state.codings[0].map { $0.named(name) }
            state.shelves[index + 1].append(schedule, source.initialization(first.initialization)) { place in
                parts[place].bytes.map { ($0, parts[place].isIndependent) }
            }
        }
    }
}

// MARK: Other renditions

extension LowLatencyOutput {
    /// Others are listed from now on. One that is new begins with an empty playlist; who waits for one that leaves is sent away.
    func change(to ladder: Ladder, from old: Ladder, wallClock: Int64 = wallClockNanoseconds()) {
        let dismissed = state.withLock { state in
            let before = old.rungs
            for (place, profile) in ladder.rungs.sorted(by: { $0.key < $1.key }) where before[place] != profile {
                guard before[place] == nil else {
                    state.shelves[place + 1].expectOther()
                    continue
                }
                let window = LowLatencyWindow(joining: state.shelves[0].window, wallClock: wallClock)
                let shelf = LowLatencyShelf(name: profile.name, window: window, notesServing: witness != nil)
                if place + 1 < state.shelves.count {
                    state.shelves[place + 1] = shelf
                    state.codings[place + 1] = nil
                } else {
                    state.shelves.append(shelf)
                    state.codings.append(nil)
                }
            }
            let listed = [0] + ladder.places.map { $0 + 1 }
            let left = state.listed.filter { !listed.contains($0) }
            state.listed = listed
            state.version += 1
            let waiting = left.flatMap { state.shelves[$0].waiting.values.map(\.waiter) }
            for place in left { state.shelves[place].waiting = [:] }
            return waiting
        }
        for waiter in dismissed { waiter.room.deliver(.gone, to: [waiter.ticket]) }
    }
}

// MARK: While nobody publishes

extension LowLatencyOutput {
    /// What of the publisher that has just gone goes on; `nil` when nothing can, as viewers have not seen anything yet.
    func beginAbsence(_ picture: AbsencePicture) -> Life? {
        state.withLock { state in
            guard state.shelves[0].window.isVisible else { return nil }
            state.shelves[0].window.closeSegment()
            state.absence = Absence(picture: picture, shelves: state.shelves, codings: state.codings)
            return Life(number: state.life)
        }
    }

    /// Lists one part more in every rendition that has got as far.
    ///
    /// - Returns: `false` when somebody publishes again.
    func bridge(in life: Life) -> Bool {
        let (goesOn, wakes) = state.withLock { state in
            guard state.life == life.number, var absence = state.absence else { return (false, [] as [LowLatencyShelf.Wake]) }
            absence.goOn(&state.shelves)
            state.absence = absence
            state.version += 1
            return (true, state.shelves.indices.flatMap { wake($0, &state) })
        }
        deliver(wakes)
        return goesOn
    }
}
