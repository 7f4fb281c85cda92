/// How fast an orchestrator's own time runs: as ours, slower while it is slow, not at all while it stalls.
///
/// Everything that takes time there is counted in its own time, so a stall freezes all of it at once and lets it go on where it
/// stopped, without an event for either.
struct Pace {
    private struct Piece {
        /// Our nanoseconds, and its own, at which the piece begins.
        var start: Int64
        var elapsed: Double
        /// Its own time per time of ours.
        var rate: Double
    }

    /// 30 years, in nanoseconds: longer than any run, and far from where the arithmetic would overflow.
    private static let never = 1e18

    /// From 0 on, without gaps; the last goes on for ever.
    private var pieces: [Piece]

    /// - Parameter windows: spans of our time with the rate in each; where they overlap, rates multiply.
    init(_ windows: [(span: Range<Int64>, rate: Double)]) {
        var edges: [Int64: [(rate: Double, begins: Bool)]] = [0: []]
        for window in windows where !window.span.isEmpty {
            edges[window.span.lowerBound, default: []].append((window.rate, true))
            // One that never ends has no edge there.
            if window.span.upperBound < Int64.max { edges[window.span.upperBound, default: []].append((window.rate, false)) }
        }
        pieces = []
        var active: [Double] = []
        for (start, changes) in edges.sorted(by: { $0.key < $1.key }) {
            for change in changes where !change.begins {
                if let place = active.firstIndex(of: change.rate) { active.remove(at: place) }
            }
            for change in changes where change.begins { active.append(change.rate) }
            let elapsed = pieces.last.map { $0.elapsed + Double(start - $0.start) * $0.rate } ?? 0
            // Sorted: a product of doubles depends on its order.
            pieces.append(Piece(start: start, elapsed: elapsed, rate: active.sorted().reduce(1, *)))
        }
    }

    /// Its own time at this moment of ours.
    func elapsed(at moment: Int64) -> Double {
        let piece = pieces[lastPiece { $0.start <= moment }]
        return piece.elapsed + Double(moment - piece.start) * piece.rate
    }

    /// Its own time per time of ours, at this moment.
    func rate(at moment: Int64) -> Double { pieces[lastPiece { $0.start <= moment }].rate }

    /// The moment of ours, rounded up, at which so much of its own time has gone by; `nil` when it never comes.
    func moment(elapsed: Double) -> Int64? {
        // The last piece that begins no later and moves.
        var place = lastPiece { $0.elapsed <= elapsed }
        // Pieces that stand still share their `elapsed` with the one after them: what is due exactly then was due at the first.
        while place > 0, pieces[place].elapsed == elapsed { place -= 1 }
        while place < pieces.count {
            let piece = pieces[place]
            if piece.rate > 0 {
                let wait = ((elapsed - piece.elapsed) / piece.rate).rounded(.up)
                guard wait < Self.never else { return nil }
                let moment = piece.start + Int64(max(0, wait))
                if place + 1 == pieces.count || moment <= pieces[place + 1].start { return moment }
            }
            place += 1
        }
        return nil
    }

    /// When something that takes this many nanoseconds of its own time is over.
    func moment(after nanoseconds: Double, from start: Int64) -> Int64? {
        guard nanoseconds < Self.never else { return nil }
        if pieces.count == 1, pieces[0].rate == 1 { return start + Int64(nanoseconds.rounded(.up)) }
        return moment(elapsed: elapsed(at: start) + nanoseconds).map { max($0, start) }
    }

    /// - Parameter isEarly: true for the pieces up to some place, false for the rest; the first one counts as early.
    private func lastPiece(where isEarly: (Piece) -> Bool) -> Int {
        var low = 0
        var high = pieces.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if isEarly(pieces[middle]) { low = middle } else { high = middle }
        }
        return low
    }
}
