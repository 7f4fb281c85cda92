import Foundation
import Yams

/// A value of a YAML file together with its place, so that every complaint names the key, the value, the file and the line.
struct YAMLValue {
    /// Settings are written by hand; past this something else was given to us.
    static let largestFile = 1 << 20

    let file: String
    /// From the root, e.g. `orchestrators[2].service.lanes`; empty at the root.
    let path: String
    private let content: Node

    private init(file: String, path: String, content: Node) {
        self.file = file
        self.path = path
        self.content = content
    }

    /// - Returns: `nil` for a file without a value: empty, or comments alone.
    /// - Throws: `SettingsError` naming the file, and the line where YAML does not parse.
    static func read(_ file: String) throws -> YAMLValue? {
        let bytes: Data
        do { bytes = try Data(contentsOf: URL(fileURLWithPath: file)) } catch {
            throw SettingsError("'\(file)' cannot be read: \(error.localizedDescription)")
        }
        guard bytes.count <= largestFile else {
            throw SettingsError("'\(file)' has \(bytes.count) bytes; a settings file has at most \(largestFile)")
        }
        guard let text = String(bytes: bytes, encoding: .utf8) else { throw SettingsError("'\(file)' is not UTF-8 text") }
        do {
            guard let root = try Yams.compose(yaml: text) else { return nil }
            let value = YAMLValue(file: file, path: "", content: root)
            return value.isEmpty ? nil : value
        } catch let error as YamlError {
            throw SettingsError("'\(file)' is not YAML: \(error)")
        }
    }

    var line: Int { content.mark?.line ?? 0 }
    var source: String { "\(file) line \(line)" }

    private var isEmpty: Bool { content.scalar.map { $0.string.isEmpty && $0.style == .plain || $0.string == "~" } ?? false }

    /// The value as the file has it, for complaints.
    var shown: String {
        if let scalar = content.scalar { return scalar.string }
        return content.sequence != nil ? "a list" : "a table"
    }

    func complaint(_ wish: String) -> SettingsError {
        SettingsError(key: path.isEmpty ? "the file" : path, value: shown, source: source, wish: wish)
    }

    /// - Throws: `SettingsError` naming every key that is not one of `keys`, with the nearest one that is.
    func table<Key: YAMLKey>(_ keys: Key.Type) throws -> YAMLTable<Key> {
        guard let mapping = content.mapping else {
            throw complaint("keys with values are right: \(Key.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var entries: [Key: YAMLValue] = [:]
        var unknown: [String] = []
        for (name, value) in mapping {
            let text = name.string ?? "?"
            let place = path.isEmpty ? text : "\(path).\(text)"
            if let key = Key(rawValue: text) {
                entries[key] = YAMLValue(file: file, path: place, content: value)
            } else {
                let source = "\(file) line \(name.mark?.line ?? line)"
                let prefix = path.isEmpty ? "" : "\(path)."
                unknown.append(
                    SettingsError.unknown(key: place, source: source, known: Key.allCases.map { prefix + $0.rawValue }).description)
            }
        }
        guard unknown.isEmpty else { throw SettingsError(unknown.joined(separator: "\n")) }
        return YAMLTable(whole: self, entries: entries)
    }

    /// - Parameter what: what the list is of, for the complaint.
    func list(of what: String, mayBeEmpty: Bool = false) throws -> [YAMLValue] {
        guard let sequence = content.sequence, mayBeEmpty || !sequence.isEmpty else { throw complaint("a list of \(what) is right") }
        return sequence.enumerated().map { YAMLValue(file: file, path: "\(path)[\($0.offset)]", content: $0.element) }
    }

    /// What stands at a path below here, such as `orchestrators[2].service.lanes`, or the innermost thing around it that the file has.
    func innermost(at path: some StringProtocol) -> YAMLValue {
        var value = self
        for part in path.split(whereSeparator: { ".[".contains($0) }) {
            let next: Node?
            if part.hasSuffix("]") {
                let index = Int(part.dropLast())
                next = value.content.sequence.flatMap { list in index.flatMap { list.indices.contains($0) ? list[$0] : nil } }
            } else {
                next = value.content.mapping == nil ? nil : value.content[String(part)]
            }
            guard let next else { return value }
            let name = part.hasSuffix("]") ? "[\(part)" : value.path.isEmpty ? String(part) : ".\(part)"
            value = YAMLValue(file: file, path: value.path + name, content: next)
        }
        return value
    }

    /// Non-empty text of one line.
    func text(longest: Int = 200) throws -> String {
        guard let text = content.scalar?.string, !text.isEmpty, text.count <= longest, !text.contains(where: \.isNewline) else {
            throw complaint("a text of 1 to \(longest) characters is right")
        }
        return text
    }

    func quantity(_ quantity: Quantity) throws -> Double {
        guard let text = content.scalar?.string, let value = quantity.value(of: text) else { throw complaint(quantity.wish) }
        return value
    }

    func whole() throws -> Int {
        guard let text = content.scalar?.string, let value = Int(text) else { throw complaint("a whole number is right") }
        return value
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ values: Value.Type) throws -> Value where Value.RawValue == String {
        guard let text = content.scalar?.string, let value = Value(rawValue: text) else {
            throw complaint("one of " + Value.allCases.map(\.rawValue).joined(separator: ", ") + " is right")
        }
        return value
    }
}

/// The keys that a table of a YAML file may have.
protocol YAMLKey: RawRepresentable<String>, CaseIterable, Hashable {}

/// A mapping of a YAML file that has only keys somebody reads.
struct YAMLTable<Key: YAMLKey> {
    let whole: YAMLValue
    fileprivate let entries: [Key: YAMLValue]

    subscript(key: Key) -> YAMLValue? { entries[key] }

    /// - Throws: `SettingsError` naming the table and the key that it must have.
    func required(_ key: Key) throws -> YAMLValue {
        guard let value = entries[key] else {
            let place = whole.path.isEmpty ? "" : "\(whole.path)."
            throw SettingsError("'\(place)\(key.rawValue)' is missing (\(whole.source))")
        }
        return value
    }

    /// Replaces `field` where the file has the key.
    func read(_ key: Key, into field: inout Double, as quantity: Quantity) throws {
        if let value = entries[key] { field = try value.quantity(quantity) }
    }

    func read(_ key: Key, into field: inout Int) throws {
        if let value = entries[key] { field = try value.whole() }
    }
}
