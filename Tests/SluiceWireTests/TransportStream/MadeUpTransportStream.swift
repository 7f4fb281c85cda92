import NIOCore

/// Writes transport streams by hand, good ones and others.
struct MadeUpTransportStream {
    static let video = 0x100
    static let audio = 0x101
    private static let map = 0x1000

    private(set) var bytes = ByteBuffer()
    private var counters: [Int: UInt8] = [:]

    /// - Parameter types: the stream types of tracks from packet identifier 0x100 on.
    init(types: [UInt8] = [0x1b, 0x0f]) {
        table(0, identifier: 0, [0, 1, 0xe0 | UInt8(Self.map >> 8), UInt8(Self.map & 0xff)])
        var entries: [UInt8] = [0xe1, 0, 0xf0, 0]
        for (index, type) in types.enumerated() { entries += [type, 0xe1, UInt8(index), 0xf0, 0] }
        table(2, identifier: Self.map, entries)
    }

    private mutating func table(_ id: UInt8, identifier: Int, _ content: [UInt8]) {
        let length = 5 + content.count + 4
        var section: [UInt8] = [id, 0xb0 | UInt8(length >> 8), UInt8(length & 0xff), 0, 1, 0xc1, 0, 0] + content
        var crc: UInt32 = 0xffff_ffff
        for byte in section {
            crc ^= UInt32(byte) << 24
            for _ in 0..<8 { crc = crc & 0x8000_0000 == 0 ? crc << 1 : crc << 1 ^ 0x04c1_1db7 }
        }
        section += (0..<4).map { UInt8(truncatingIfNeeded: crc >> (24 - 8 * $0)) }
        packet(identifier, begins: true, [0] + section + [UInt8](repeating: 0xff, count: 183 - section.count))
    }

    /// - Parameter payload: at most 184 bytes; what is missing is stuffing.
    mutating func packet(_ identifier: Int, begins: Bool, _ payload: [UInt8]) {
        let counter = counters[identifier] ?? 0
        counters[identifier] = (counter + 1) & 0xf
        let room = 184 - payload.count
        var packet: [UInt8] = [
            0x47, (begins ? 0x40 : 0) | UInt8(identifier >> 8), UInt8(identifier & 0xff), (room > 0 ? 0x30 : 0x10) | counter,
        ]
        if room > 0 { packet.append(UInt8(room - 1)) }
        if room > 1 { packet += [0] + [UInt8](repeating: 0xff, count: room - 2) }
        bytes.writeBytes(packet + payload)
    }

    /// - Parameter isBounded: whether its length stands in its head.
    mutating func unit(_ identifier: Int, pts: Int64, dts: Int64? = nil, _ payload: [UInt8], isBounded: Bool = true) {
        let times = Self.time(pts, dts == nil ? 2 : 3) + (dts.map { Self.time($0, 1) } ?? [])
        let length = isBounded ? 3 + times.count + payload.count : 0
        let stream: UInt8 = identifier == Self.audio ? 0xc0 : 0xe0
        let head: [UInt8] = [0, 0, 1, stream, UInt8(length >> 8), UInt8(length & 0xff), 0x80, dts == nil ? 0x80 : 0xc0, UInt8(times.count)]
        var rest = (head + times + payload)[...]
        var begins = true
        while !rest.isEmpty {
            packet(identifier, begins: begins, Array(rest.prefix(184)))
            rest = rest.dropFirst(184)
            begins = false
        }
    }

    /// A picture with nothing in it but its kind.
    static func picture(isKey: Bool, size: Int) -> [UInt8] { [0, 0, 0, 1, isKey ? 0x65 : 0x41] + [UInt8](repeating: 7, count: size - 5) }

    static func sound(size: Int) -> [UInt8] {
        let length = size + 7
        return [0xff, 0xf1, 0x4c, 0x80 | UInt8(length >> 11), UInt8(length >> 3 & 0xff), UInt8(length & 7) << 5 | 0x1f, 0xfc]
            + [UInt8](repeating: 9, count: size)
    }

    private static func time(_ ticks: Int64, _ mark: UInt8) -> [UInt8] {
        [
            mark << 4 | UInt8(ticks >> 30 & 7) << 1 | 1, UInt8(ticks >> 22 & 0xff), UInt8(ticks >> 15 & 0x7f) << 1 | 1,
            UInt8(ticks >> 7 & 0xff), UInt8(ticks & 0x7f) << 1 | 1,
        ]
    }
}

/// The same numbers for the same seed.
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x9e37_79b9_7f4a_7c15 }

    mutating func next(below limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }
}
