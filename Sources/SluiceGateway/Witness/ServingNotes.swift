import SluiceTypes

/// What a playlist lists that no viewer got yet: the time to the first who does is told once for each segment.
struct ServingNotes {
    struct Unserved: Hashable {
        var sequence: SegmentSequence
        var listed: ContinuousClock.Instant
    }

    /// Nothing is noted otherwise.
    let isOn: Bool
    private var unserved: [Unserved] = []
    /// A segment that comes in parts is listed again with each.
    private var newest: SegmentSequence?

    init(isOn: Bool) { self.isOn = isOn }

    /// - Parameter most: segments that the playlist has; what has left it is not served any more.
    mutating func listed(_ sequence: SegmentSequence, most: Int, at now: @autoclosure () -> ContinuousClock.Instant = .now) {
        guard isOn, newest != sequence else { return }
        newest = sequence
        if unserved.count >= most, !unserved.isEmpty { unserved.removeFirst() }
        unserved.append(Unserved(sequence: sequence, listed: now()))
    }

    /// What was listed until now was in a playlist that nobody could have yet.
    mutating func beganToShow(at now: ContinuousClock.Instant = .now) {
        for index in unserved.indices { unserved[index].listed = now }
    }

    /// What the playlist that was just asked for shows for the first time.
    mutating func take() -> [Unserved] {
        defer { if !unserved.isEmpty { unserved = [] } }
        return unserved
    }
}
