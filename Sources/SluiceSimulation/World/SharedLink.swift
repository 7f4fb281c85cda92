/// A way of a fixed rate. Transfers under way at the same time get equal shares of it, exactly (processor sharing).
///
/// One number grows as each transfer's share comes in; a transfer is done when it has grown by the transfer's size. So a start or an
/// end costs a step in a heap, however many others it slows down. Time is in nanoseconds of whoever owns the link.
struct SharedLink {
    struct Transfer: Equatable {
        var attempt: Int32
        /// Rendition; 0 for an upload.
        var place: UInt8
    }

    /// Less than this of a nanosecond's share is rounding, not work left.
    private static let roundingShare = 1.0

    private let bitsPerNanosecond: Double
    private var transfers = EventQueue<Double, Transfer>()
    /// Bits that a transfer has got which was here all along.
    private var share = 0.0
    private var updated = 0.0

    init(bitsPerSecond: Double) { bitsPerNanosecond = bitsPerSecond / 1e9 }

    var count: Int { transfers.count }

    mutating func start(_ transfer: Transfer, bits: Double, at now: Double) {
        advance(to: now)
        transfers.insert(transfer, at: share + bits)
    }

    mutating func drop(attempt: Int32, at now: Double) {
        advance(to: now)
        transfers.removeAll { $0.attempt == attempt }
    }

    mutating func dropAll(at now: Double) {
        advance(to: now)
        transfers = EventQueue()
    }

    /// When the next one is done if nothing changes before.
    var nextFinish: Double? {
        transfers.first.map { updated + max(0, $0.due - share) * Double(transfers.count) / bitsPerNanosecond }
    }

    /// One that is done by now; ask until there is none.
    mutating func takeFinished(at now: Double) -> Transfer? {
        advance(to: now)
        guard let (due, _) = transfers.first else { return nil }
        let nanosecondsLeft = (due - share) * Double(transfers.count) / bitsPerNanosecond
        guard nanosecondsLeft < Self.roundingShare else { return nil }
        return transfers.popFirst()?.event
    }

    private mutating func advance(to now: Double) {
        if transfers.isEmpty {
            // An idle link starts from 0, so that long runs lose no precision.
            share = 0
        } else if now > updated {
            share += (now - updated) * bitsPerNanosecond / Double(transfers.count)
        }
        updated = max(updated, now)
    }
}
