/// The time a stream's viewers see: it goes on, without a step back, when a publisher with a clock of its own takes over.
struct RTMPRelayClock {
    /// Between the last frame of one publisher and the first of the next: a picture at 25 frames a second.
    private static let seam: UInt32 = 40

    /// Added to the publisher's times; all of them wrap.
    private var offset: UInt32 = 0
    /// The latest time given out.
    private var latest: UInt32?
    private var isBetween = false

    /// Another publisher goes on.
    mutating func change() { isBetween = latest != nil }

    /// - Parameter isHeader: headers often carry 0 whatever the time is, so they set no clock, and a successor's own would be wrong here.
    mutating func time(of sent: UInt32, isHeader: Bool) -> UInt32 {
        // A successor's headers get the time it is now.
        if isHeader { return isBetween || offset != 0 ? latest ?? sent : sent }
        if isBetween, let latest {
            offset = latest &+ Self.seam &- sent
            isBetween = false
        }
        let time = sent &+ offset
        if latest.map({ Int32(bitPattern: time &- $0) > 0 }) ?? true { latest = time }
        return time
    }
}
