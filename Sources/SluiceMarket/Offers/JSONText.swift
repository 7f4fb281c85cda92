/// Writes JSON piece by piece into bytes: ten thousand offers are told in the time in which a reflecting encoder tells a few hundred.
package struct JSONText: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    package mutating func open(_ name: String? = nil, _ bracket: Character = "{") {
        begin(name)
        bytes.append(bracket.asciiValue ?? 0x7B)
        needsComma = false
    }

    package mutating func close(_ bracket: Character = "}") {
        bytes.append(bracket.asciiValue ?? 0x7D)
        needsComma = true
    }

    package mutating func put(_ name: String?, _ value: String?) {
        guard let value else { return }
        begin(name)
        quote(value)
    }

    package mutating func put(_ name: String?, _ value: Bool?) {
        guard let value else { return }
        begin(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func put(_ name: String?, _ value: (some FixedWidthInteger)?) {
        guard let value else { return }
        begin(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// What is no number (not finite) is left out: JSON has no word for it.
    package mutating func put(_ name: String?, _ value: Double?) {
        guard let value, value.isFinite else { return }
        begin(name)
        bytes.append(contentsOf: value.plain.utf8)
    }

    package mutating func put(_ name: String?, _ values: [String]) {
        open(name, "[")
        for value in values { put(nil, value) }
        close("]")
    }

    private mutating func begin(_ name: String?) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        guard let name else { return }
        quote(name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            // Angle brackets too: the text may end up in a page.
            case 0..<0x20, 0x7F, UInt8(ascii: "<"), UInt8(ascii: ">"):
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
