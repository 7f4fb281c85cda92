/// One packet of a transport stream, taken apart (ISO/IEC 13818-1 §2.4.3).
struct TransportPacket {
    static let size = 188
    static let sync: UInt8 = 0x47

    let identifier: Int
    let beginsUnit: Bool
    let counter: UInt8
    /// The sender says that its counter, or its clock, does not go on from before.
    let isDiscontinuous: Bool
    /// Bytes without meaning fill it up: its sender had nothing more to put in.
    let isStuffed: Bool
    /// Where the payload lies in the packet; empty where there is none.
    let payload: Range<Int>

    /// - Parameter bytes: exactly one packet.
    /// - Throws: what is wrong with it, for a person.
    init(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        guard bytes[0] == Self.sync else { throw Malformed("begins with \(bytes[0]) instead of the sync byte 71") }
        guard bytes[1] & 0x80 == 0 else { throw Malformed("is marked as damaged") }
        guard bytes[3] & 0xc0 == 0 else { throw Malformed("is scrambled") }
        beginsUnit = bytes[1] & 0x40 != 0
        identifier = Int(bytes[1] & 0x1f) << 8 | Int(bytes[2])
        counter = bytes[3] & 0xf
        let hasPayload = bytes[3] & 0x10 != 0
        guard bytes[3] & 0x20 != 0 else {
            (isDiscontinuous, isStuffed) = (false, false)
            payload = hasPayload ? 4..<Self.size : 4..<4
            return
        }
        let length = Int(bytes[4])
        let end = 5 + length
        guard hasPayload ? end < Self.size : end <= Self.size else {
            throw Malformed("has an adaptation field of \(length) bytes, which leaves no room for its payload")
        }
        isDiscontinuous = length > 0 && bytes[5] & 0x80 != 0
        isStuffed = length == 0 || Self.used(bytes, flags: bytes[5]) < length
        payload = hasPayload ? end..<Self.size : end..<end
    }

    /// Bytes of the adaptation field that mean something, its flags included.
    private static func used(_ bytes: UnsafeRawBufferPointer, flags: UInt8) -> Int {
        var used = 1
        if flags & 0x10 != 0 { used += 6 }
        if flags & 0x08 != 0 { used += 6 }
        if flags & 0x04 != 0 { used += 1 }
        // Private data, and an extension, begin with their length.
        for flag in [UInt8(0x02), 0x01] where flags & flag != 0 {
            let place = 5 + used
            used += 1 + (place < bytes.count ? Int(bytes[place]) : 0)
        }
        return used
    }

    /// What is wrong with a packet, said as of itself.
    struct Malformed: Error {
        let reason: String
        let isUnsupported: Bool

        init(_ reason: String, isUnsupported: Bool = false) {
            self.reason = reason
            self.isUnsupported = isUnsupported
        }
    }
}
