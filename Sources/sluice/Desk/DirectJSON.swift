import NIOCore

/// Writes JSON straight into bytes, where Foundation builds a tree of boxes first: several times as fast for what goes out each second.
///
/// For types whose `encode` the compiler has made, or that hand on to one: each container is asked for once, and filled before the next.
enum DirectJSON {
    static func write(_ value: some Encodable, to buffer: inout ByteBuffer) throws {
        let sink = DirectJSONSink()
        try sink.element(value)
        buffer.writeBytes(sink.bytes)
    }
}

/// Everything goes through one of these, from front to back.
private final class DirectJSONSink {
    var bytes: [UInt8] = []
    /// Of the container that the value being written has opened.
    private var closing: UInt8?
    /// An element stands before the next in its container.
    private var needsComma = false

    init() { bytes.reserveCapacity(4096) }

    func open(_ opening: UInt8, _ closing: UInt8) {
        bytes.append(opening)
        self.closing = closing
        needsComma = false
    }

    func key(_ name: String) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        text(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// In a list, what comes behind another.
    func place() { if needsComma { bytes.append(UInt8(ascii: ",")) } }

    func element(_ value: some Encodable) throws {
        let outer = closing
        closing = nil
        try value.encode(to: DirectJSONEncoder(sink: self))
        if let closing { bytes.append(closing) }
        closing = outer
        needsComma = true
    }

    func null() { word("null") }
    func flag(_ value: Bool) { word(value ? "true" : "false") }
    func whole(_ value: some BinaryInteger) { word(String(value)) }

    func number(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(value, .init(codingPath: [], debugDescription: "JSON has no number that is none"))
        }
        word(value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)")
    }

    func string(_ value: String) {
        text(value)
        needsComma = true
    }

    private func word(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    private func text(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes.append(contentsOf: ((byte < 16 ? "\\u000" : "\\u00") + String(byte, radix: 16)).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

private struct DirectJSONEncoder: Encoder {
    let sink: DirectJSONSink
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        sink.open(UInt8(ascii: "{"), UInt8(ascii: "}"))
        return KeyedEncodingContainer(DirectJSONObject<Key>(sink: sink))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        sink.open(UInt8(ascii: "["), UInt8(ascii: "]"))
        return DirectJSONList(sink: sink)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { DirectJSONValue(sink: sink) }
}

private struct DirectJSONObject<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let sink: DirectJSONSink
    var codingPath: [any CodingKey] { [] }

    private func at(_ key: Key) -> DirectJSONSink {
        sink.key(key.stringValue)
        return sink
    }

    func encodeNil(forKey key: Key) { at(key).null() }
    func encode(_ value: Bool, forKey key: Key) { at(key).flag(value) }
    func encode(_ value: String, forKey key: Key) { at(key).string(value) }
    func encode(_ value: Double, forKey key: Key) throws { try at(key).number(value) }
    func encode(_ value: Int, forKey key: Key) { at(key).whole(value) }
    func encode(_ value: Int64, forKey key: Key) { at(key).whole(value) }
    func encode(_ value: UInt64, forKey key: Key) { at(key).whole(value) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try at(key).element(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        preconditionFailure("only what the compiler makes")
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { preconditionFailure("only what the compiler makes") }
    func superEncoder() -> any Encoder { preconditionFailure("only what the compiler makes") }
    func superEncoder(forKey key: Key) -> any Encoder { preconditionFailure("only what the compiler makes") }
}

private struct DirectJSONList: UnkeyedEncodingContainer {
    let sink: DirectJSONSink
    var codingPath: [any CodingKey] { [] }
    private(set) var count = 0

    init(sink: DirectJSONSink) { self.sink = sink }

    private mutating func next() -> DirectJSONSink {
        sink.place()
        count += 1
        return sink
    }

    mutating func encodeNil() { next().null() }
    mutating func encode<T: Encodable>(_ value: T) throws { try next().element(value) }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        preconditionFailure("only what the compiler makes")
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { preconditionFailure("only what the compiler makes") }
    mutating func superEncoder() -> any Encoder { preconditionFailure("only what the compiler makes") }
}

/// The numbers and texts of Swift come here for themselves.
private struct DirectJSONValue: SingleValueEncodingContainer {
    let sink: DirectJSONSink
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { sink.null() }
    func encode(_ value: Bool) { sink.flag(value) }
    func encode(_ value: String) { sink.string(value) }
    func encode(_ value: Double) throws { try sink.number(value) }
    func encode(_ value: Float) throws { try sink.number(Double(value)) }
    func encode(_ value: Int) { sink.whole(value) }
    func encode(_ value: Int8) { sink.whole(value) }
    func encode(_ value: Int16) { sink.whole(value) }
    func encode(_ value: Int32) { sink.whole(value) }
    func encode(_ value: Int64) { sink.whole(value) }
    func encode(_ value: UInt) { sink.whole(value) }
    func encode(_ value: UInt8) { sink.whole(value) }
    func encode(_ value: UInt16) { sink.whole(value) }
    func encode(_ value: UInt32) { sink.whole(value) }
    func encode(_ value: UInt64) { sink.whole(value) }
    func encode<T: Encodable>(_ value: T) throws { try sink.element(value) }
}
