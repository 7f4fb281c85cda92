/// Carries MPEG-TS continuity counters (ISO/IEC 13818-1 §2.4.3.3) on from segment to segment: each has a muxer of its own, which
/// counts anew, and a viewer that puts segments one behind the other would see packets missing at every seam.
package struct ContinuityCounters: Sendable {
    static let packetSize = 188
    private static let nullPackets: UInt16 = 0x1fff

    /// One stream of packets.
    private struct Lane {
        let packetID: UInt16
        var last: UInt8
        /// Added to the muxer's count in this segment; `nil` until its first packet there.
        var offset: UInt8?
    }

    /// A segment has five at most; searched from the front, which beats any table.
    private var lanes: [Lane] = []

    package init() {}

    /// A segment begins; its muxer may count from anywhere.
    mutating func beginSegment() {
        for index in lanes.indices { lanes[index].offset = nil }
    }

    /// Renumbers whole packets in place, in the order they are written.
    mutating func renumber(_ packets: UnsafeMutableRawBufferPointer) {
        var start = 0
        while start + Self.packetSize <= packets.count {
            let packetID = UInt16(packets[start + 1] & 0x1f) << 8 | UInt16(packets[start + 2])
            if packetID != Self.nullPackets {
                packets[start + 3] = packets[start + 3] & 0xf0 | next(packetID, packets[start + 3])
            }
            start += Self.packetSize
        }
    }

    private mutating func next(_ packetID: UInt16, _ control: UInt8) -> UInt8 {
        let counted = control & 0x0f
        guard let index = lanes.firstIndex(where: { $0.packetID == packetID }) else {
            lanes.append(Lane(packetID: packetID, last: counted, offset: 0))
            return counted
        }
        // A packet without payload repeats the count of the one before it.
        let step: UInt8 = control & 0x10 == 0 ? 0 : 1
        let offset = lanes[index].offset ?? lanes[index].last &+ step &- counted
        lanes[index].offset = offset
        lanes[index].last = (counted &+ offset) & 0x0f
        return lanes[index].last
    }
}
