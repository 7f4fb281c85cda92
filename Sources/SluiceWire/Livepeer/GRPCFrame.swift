package import NIOCore
package import SwiftProtobuf

/// gRPC's framing of one message: a flag byte, four bytes of length, the message (specs/transcoding-protocol §1.2-1.3).
package enum GRPCFrame {
    /// gRPC libraries take 4 MiB unless told otherwise, so no peer sends more.
    package static let longestMessage = 4 << 20

    package enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
        case truncated
        case compressed
        case tooLong(Int)
        case trailingBytes
        case undecodable

        package var description: String {
            switch self {
            case .truncated: "the message is cut off"
            case .compressed: "the message is compressed, which was not agreed"
            case .tooLong(let length): "a message of \(length) bytes, more than \(longestMessage)"
            case .trailingBytes: "more than one message in a unary call"
            case .undecodable: "proto: cannot parse invalid wire-format data"
            }
        }
    }

    package static func encode(_ message: some Message) throws -> ByteBuffer {
        let bytes: [UInt8] = try message.serializedBytes()
        var frame = ByteBuffer()
        frame.reserveCapacity(5 + bytes.count)
        frame.writeInteger(UInt8(0))
        frame.writeInteger(UInt32(bytes.count))
        frame.writeBytes(bytes)
        return frame
    }

    /// The one message of a unary call's body.
    package static func decode<M: Message>(_ type: M.Type, from body: ByteBuffer) throws(Fault) -> M {
        var body = body
        guard let flag: UInt8 = body.readInteger(), let length: UInt32 = body.readInteger() else { throw .truncated }
        guard flag == 0 else { throw .compressed }
        guard length <= longestMessage else { throw .tooLong(Int(length)) }
        guard let bytes = body.readBytes(length: Int(length)) else { throw .truncated }
        guard body.readableBytes == 0 else { throw .trailingBytes }
        do {
            return try M(serializedBytes: bytes)
        } catch {
            throw .undecodable
        }
    }

    /// Text as it stands in the `grpc-message` trailer: everything but printable ASCII, and `%`, as percent triples.
    package static func encodeStatusText(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "%") {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    /// The text of a `grpc-message` trailer; triples that are none stay as they are.
    package static func decodeStatusText(_ encoded: String) -> String {
        let bytes = Array(encoded.utf8)
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
            {
                text.append(high << 4 | low)
                index += 3
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
