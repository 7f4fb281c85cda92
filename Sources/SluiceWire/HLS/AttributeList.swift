/// The attributes of one playlist tag (RFC 8216bis §4.2): `NAME=value` with commas between, text in quotes.
struct AttributeList {
    struct Fault: Error {
        let what: String
    }

    private enum Value {
        case bare(Substring)
        case quoted(Substring)
    }

    private var values: [Substring: Value] = [:]

    init(_ text: Substring) throws(Fault) {
        var rest = text
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "=") else { throw Fault(what: "'\(rest)' is no NAME=value") }
            let name = rest[..<equals].drop { $0 == " " }
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else { throw Fault(what: "'\(name)' is no attribute name") }
            rest = rest[rest.index(after: equals)...]
            let value: Value
            if rest.first == "\"" {
                guard let end = rest.dropFirst().firstIndex(of: "\"") else { throw Fault(what: "the quotes of \(name) do not end") }
                value = .quoted(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
                guard rest.isEmpty || rest.first == "," else { throw Fault(what: "'\(rest)' behind the quotes of \(name)") }
            } else {
                let bare = rest.prefix { $0 != "," }
                guard !bare.isEmpty, !bare.contains(" "), !bare.contains("\"") else { throw Fault(what: "\(name) is '\(bare)'") }
                value = .bare(bare)
                rest = rest[bare.endIndex...]
            }
            guard values.updateValue(value, forKey: name) == nil else { throw Fault(what: "\(name) is there twice") }
            if rest.first == "," {
                rest = rest.dropFirst()
                guard !rest.isEmpty else { throw Fault(what: "a comma at the end") }
            }
        }
    }

    func text(_ name: Substring) throws(Fault) -> String? {
        switch values[name] {
        case nil: return nil
        case .quoted(let text): return String(text)
        case .bare(let text): throw Fault(what: "\(name) is \(text), without quotes")
        }
    }

    func word(_ name: Substring) throws(Fault) -> String? {
        switch values[name] {
        case nil: return nil
        case .bare(let text): return String(text)
        case .quoted(let text): throw Fault(what: "\(name) is \"\(text)\"; no quotes belong there")
        }
    }

    func requiredText(_ name: Substring) throws(Fault) -> String {
        guard let text = try text(name) else { throw Fault(what: "\(name) is missing") }
        return text
    }

    func integer(_ name: Substring) throws(Fault) -> Int64? {
        guard let word = try word(name) else { return nil }
        guard let number = Self.integer(word[...]) else { throw Fault(what: "\(name) is '\(word)', no decimal integer") }
        return number
    }

    func seconds(_ name: Substring) throws(Fault) -> Double? {
        guard let word = try word(name) else { return nil }
        guard let number = Self.decimal(word[...]) else { throw Fault(what: "\(name) is '\(word)', no decimal number") }
        return number
    }

    /// `YES` or `NO`; absent is no.
    func isSet(_ name: Substring) throws(Fault) -> Bool {
        switch try word(name) {
        case nil, "NO": return false
        case "YES": return true
        case .some(let other): throw Fault(what: "\(name) is \(other), neither YES nor NO")
        }
    }

    /// What a player can still count with (2⁵³, as doubles go), so that sums of two never overflow.
    private static let largest: Int64 = 1 << 53

    /// Digits and nothing else.
    static func integer(_ text: Substring) -> Int64? {
        guard text.utf8.allSatisfy(isDigit), let number = Int64(text), number <= largest else { return nil }
        return number
    }

    /// Digits with one dot at most.
    static func decimal(_ text: Substring) -> Double? {
        guard text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) else { return nil }
        return Double(text)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "-")
    }
}
