import Foundation

/// JSON as values, written with its keys in the order they were given: peers compare texts, and captures are replayed.
package enum JSONTree: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case number(Double)
    case text(String)
    case list([JSONTree])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let key: String
        package let value: JSONTree

        package init(_ key: String, _ value: JSONTree) {
            self.key = key
            self.value = value
        }
    }

    /// Members without a value are left out.
    package static func members(_ members: KeyValuePairs<String, JSONTree?>) -> JSONTree {
        .object(members.compactMap { key, value in value.map { Member(key, $0) } })
    }

    /// - Throws: `JSONFault`, with the parser's own words.
    package init(parsing bytes: some Sequence<UInt8>) throws(JSONFault) {
        do { self = try JSONDecoder().decode(JSONTree.self, from: Data(bytes)) } catch {
            throw JSONFault("the body is no JSON: \(Self.reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error else { return "\(error)" }
        let inner = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"].map { "\($0)" }
        return inner ?? context.debugDescription
    }

    package subscript(key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    package var string: String? { if case .text(let text) = self { text } else { nil } }
    package var integer: Int? { if case .int(let number) = self { number } else { nil } }
    package var double: Double? {
        switch self {
        case .int(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
    package var boolean: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    package var elements: [JSONTree]? { if case .list(let list) = self { list } else { nil } }
    package var isNull: Bool { self == .null }

    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .int(let number): text += "\(number)"
        case .number(let number): text += number.isFinite ? "\(number)" : "null"
        case .text(let value): Self.quote(value, to: &text)
        case .list(let values):
            text += "["
            for (place, value) in values.enumerated() {
                if place > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (place, member) in members.enumerated() {
                if place > 0 { text += "," }
                Self.quote(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// As Go's encoder, which keeps `<`, `>` and `&` out of the text.
    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "<", ">", "&", "\u{2028}", "\u{2029}": text += escape(scalar)
            case _ where scalar.value < 0x20: text += escape(scalar)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension JSONTree: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
}

/// What is wrong with a piece of JSON, and where.
package struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

extension JSONTree: Decodable {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Key.self) {
            self = .object(
                try container.allKeys.map { Member($0.stringValue, try container.decode(JSONTree.self, forKey: $0)) })
            return
        }
        if var container = try? decoder.unkeyedContainer() {
            var list: [JSONTree] = []
            while !container.isAtEnd { list.append(try container.decode(JSONTree.self)) }
            self = .list(list)
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .int(number)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }
}
