package import NIOCore

/// A value of the Action Message Format, version 0, as far as RTMP commands use it.
package indirect enum AMF0: Hashable, Sendable {
    case number(Double)
    case boolean(Bool)
    case string(String)
    case object([Property])
    case null

    package struct Property: Hashable, Sendable {
        package var name: String
        package var value: AMF0
        package init(_ name: String, _ value: AMF0) {
            self.name = name
            self.value = value
        }
    }

    /// Deepest nesting read; real commands nest twice.
    package static let deepest = 32
    /// Most properties of one object, and elements of one array.
    package static let mostProperties = 1024

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var number: Double? { if case .number(let value) = self { value } else { nil } }

    package subscript(_ name: String) -> AMF0? {
        guard case .object(let properties) = self else { return nil }
        return properties.first { $0.name == name }?.value
    }

    /// All values to the end of the buffer.
    package static func decodeAll(_ bytes: inout ByteBuffer) throws(RTMPError) -> [AMF0] {
        let size = bytes.readableBytes
        var values: [AMF0] = []
        while bytes.readableBytes > 0 {
            guard values.count < mostProperties else { throw RTMPError("AMF: more than \(mostProperties) values in a command") }
            values.append(try decode(&bytes, depth: 0, size: size))
        }
        return values
    }

    private static func decode(_ bytes: inout ByteBuffer, depth: Int, size: Int) throws(RTMPError) -> AMF0 {
        func fail(_ what: String) -> RTMPError { RTMPError("AMF at byte \(size - bytes.readableBytes): \(what)") }
        guard depth < deepest else { throw fail("nested deeper than \(deepest)") }
        guard let marker = bytes.readInteger(as: UInt8.self) else { throw fail("a value is missing") }
        switch marker {
        case 0:
            guard let bits = bytes.readInteger(as: UInt64.self) else { throw fail("a number is cut off") }
            return .number(Double(bitPattern: bits))
        case 1:
            guard let byte = bytes.readInteger(as: UInt8.self) else { throw fail("a boolean is cut off") }
            return .boolean(byte != 0)
        case 2:
            guard let length = bytes.readInteger(as: UInt16.self), let text = bytes.readString(length: Int(length)) else {
                throw fail("a string is cut off")
            }
            return .string(text)
        case 12:
            guard let length = bytes.readInteger(as: UInt32.self), let text = bytes.readString(length: Int(length)) else {
                throw fail("a long string is cut off")
            }
            return .string(text)
        case 3: return .object(try properties(&bytes, depth: depth, size: size))
        case 8:
            guard bytes.readInteger(as: UInt32.self) != nil else { throw fail("an array is cut off") }
            return .object(try properties(&bytes, depth: depth, size: size))
        case 10:
            guard let count = bytes.readInteger(as: UInt32.self) else { throw fail("an array is cut off") }
            guard count <= mostProperties else { throw fail("an array of \(count)") }
            var elements: [Property] = []
            for index in 0..<count { elements.append(Property("\(index)", try decode(&bytes, depth: depth + 1, size: size))) }
            return .object(elements)
        case 11:
            guard let bits = bytes.readInteger(as: UInt64.self), bytes.readInteger(as: UInt16.self) != nil else {
                throw fail("a date is cut off")
            }
            return .number(Double(bitPattern: bits))
        case 5, 6, 13: return .null
        default: throw fail("type \(marker) is not known")
        }
    }

    private static func properties(_ bytes: inout ByteBuffer, depth: Int, size: Int) throws(RTMPError) -> [Property] {
        func fail(_ what: String) -> RTMPError { RTMPError("AMF at byte \(size - bytes.readableBytes): \(what)") }
        var properties: [Property] = []
        while true {
            guard let length = bytes.readInteger(as: UInt16.self), let name = bytes.readString(length: Int(length)) else {
                throw fail("an object has no end")
            }
            if name.isEmpty, bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 9 {
                bytes.moveReaderIndex(forwardBy: 1)
                return properties
            }
            guard properties.count < mostProperties else { throw fail("an object of more than \(mostProperties) properties") }
            properties.append(Property(name, try decode(&bytes, depth: depth + 1, size: size)))
        }
    }

    package func encode(into bytes: inout ByteBuffer) {
        switch self {
        case .number(let value):
            bytes.writeInteger(UInt8(0))
            bytes.writeInteger(value.bitPattern)
        case .boolean(let value):
            bytes.writeInteger(UInt8(1))
            bytes.writeInteger(UInt8(value ? 1 : 0))
        case .string(let text):
            let utf8 = text.utf8.prefix(Int(UInt16.max))
            bytes.writeInteger(UInt8(2))
            bytes.writeInteger(UInt16(utf8.count))
            bytes.writeBytes(utf8)
        case .object(let properties):
            bytes.writeInteger(UInt8(3))
            for property in properties {
                let utf8 = property.name.utf8.prefix(Int(UInt16.max))
                bytes.writeInteger(UInt16(utf8.count))
                bytes.writeBytes(utf8)
                property.value.encode(into: &bytes)
            }
            bytes.writeInteger(UInt16(0))
            bytes.writeInteger(UInt8(9))
        case .null:
            bytes.writeInteger(UInt8(5))
        }
    }
}
