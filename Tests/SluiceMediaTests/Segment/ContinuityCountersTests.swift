import Testing

@testable import SluiceMedia

@Suite struct ContinuityCountersTests {
    /// One packet: identifier, the muxer's count, payload or not.
    private struct Packet {
        var id: UInt16
        var count: UInt8
        var hasPayload = true
    }

    private func renumbered(_ counters: inout ContinuityCounters, _ packets: [Packet]) -> [UInt8] {
        var bytes: [UInt8] = []
        for packet in packets {
            let control: UInt8 = (packet.hasPayload ? 0x10 : 0x20) | packet.count
            bytes += [0x47, 0x40 | UInt8(packet.id >> 8), UInt8(packet.id & 255), control] + [UInt8](repeating: 0x55, count: 184)
        }
        let before = bytes
        bytes.withUnsafeMutableBytes { counters.renumber($0) }
        // Nothing but the count changes.
        for index in bytes.indices where index % 188 != 3 { #expect(bytes[index] == before[index]) }
        for index in stride(from: 3, to: bytes.count, by: 188) { #expect(bytes[index] & 0xf0 == before[index] & 0xf0) }
        return stride(from: 3, to: bytes.count, by: 188).map { bytes[$0] & 0x0f }
    }

    @Test func eachStreamOfPacketsGoesOnByItself() {
        var counters = ContinuityCounters()
        counters.beginSegment()
        let first = [Packet(id: 0, count: 0), Packet(id: 256, count: 0), Packet(id: 256, count: 1), Packet(id: 0, count: 1)]
        #expect(renumbered(&counters, first) == [0, 0, 1, 1])
        #expect(renumbered(&counters, [Packet(id: 256, count: 2)]) == [2])
        counters.beginSegment()
        #expect(renumbered(&counters, first) == [2, 3, 4, 3])
        counters.beginSegment()
        // A stream that was not there before, and one that counts from elsewhere.
        #expect(renumbered(&counters, [Packet(id: 257, count: 0), Packet(id: 0, count: 9), Packet(id: 0, count: 10)]) == [0, 4, 5])
    }

    @Test func theCountTurnsOver() {
        var counters = ContinuityCounters()
        for segment in 0..<40 {
            counters.beginSegment()
            let counts = renumbered(&counters, (0..<3).map { Packet(id: 256, count: $0) })
            #expect(counts == (0..<3).map { UInt8((segment * 3 + $0) % 16) })
        }
    }

    @Test func aPacketWithoutPayloadRepeatsTheCount() {
        var counters = ContinuityCounters()
        counters.beginSegment()
        _ = renumbered(&counters, [Packet(id: 256, count: 0), Packet(id: 256, count: 1)])
        counters.beginSegment()
        // The muxer has counted nothing yet, which it writes as 15.
        let packets = [
            Packet(id: 256, count: 15, hasPayload: false), Packet(id: 256, count: 0), Packet(id: 256, count: 0, hasPayload: false),
        ]
        #expect(renumbered(&counters, packets) == [1, 2, 2])
    }

    @Test func nullPacketsStayAsTheyAre() {
        var counters = ContinuityCounters()
        counters.beginSegment()
        #expect(renumbered(&counters, [Packet(id: 0x1fff, count: 7), Packet(id: 0x1fff, count: 3)]) == [7, 3])
    }
}
