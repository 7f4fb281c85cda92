import Foundation
import Yams

/// Settings by key from four places, first come first served: flag, environment, file, default.
///
/// Keys are paths joined by dots (`rtmp.port`); in the environment `SLUICE_RTMP_PORT`. Every key that is read is remembered, so that
/// `finish` can name the ones in the file that nobody knows.
struct SettingsReader {
    private struct Entry {
        var text: String
        var source: String
    }

    /// What holds for a key, and where that comes from.
    struct Effective: Hashable, Sendable {
        /// `nil` where the key is not set and nothing stands in for it.
        var value: String?
        /// `flag`, `environment NAME`, `FILE line N` or `default`.
        var source: String
        var fallback: String?
    }

    private let flags: [String: String]
    private let environment: [String: String]
    private var file: [String: Entry] = [:]
    private var known: Set<String> = []
    /// By key, of all that were asked for.
    private(set) var effective: [String: Effective] = [:]

    /// - Throws: `SettingsError` naming the file, and the line where YAML does not parse.
    init(
        file path: String?, flags: [String: String], environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        self.flags = flags
        self.environment = environment
        guard let path else { return }
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw SettingsError("settings file '\(path)' cannot be read: \(error.localizedDescription)")
        }
        do {
            if let root = try Yams.compose(yaml: text) { try flatten(root, prefix: "", path: path) }
        } catch let error as YamlError {
            throw SettingsError("settings file '\(path)' is not YAML: \(error)")
        }
    }

    private mutating func flatten(_ node: Node, prefix: String, path: String) throws {
        if let mapping = node.mapping {
            for (key, value) in mapping {
                let name = key.string ?? "?"
                try flatten(value, prefix: prefix.isEmpty ? name : "\(prefix).\(name)", path: path)
            }
            return
        }
        let source = "\(path) line \(node.mark?.line ?? 0)"
        guard !prefix.isEmpty else {
            // A file with comments alone is an empty scalar: all defaults.
            guard node.scalar?.string.isEmpty != false else { throw SettingsError("\(source): a setting is 'key: value'") }
            return
        }
        if let sequence = node.sequence {
            let isFlat = sequence.allSatisfy { $0.scalar != nil }
            let text = isFlat ? sequence.compactMap { $0.scalar?.string }.joined(separator: ",") : Self.json(node)
            file[prefix] = Entry(text: text, source: source)
        } else {
            file[prefix] = Entry(text: node.scalar?.string ?? "", source: source)
        }
    }

    /// A list of objects as JSON text, for the settings that Livepeer knows as JSON.
    private static func json(_ node: Node) -> String {
        if let sequence = node.sequence { return "[" + sequence.map(json).joined(separator: ",") + "]" }
        if let mapping = node.mapping {
            return "{" + mapping.map { "\(quoted($0.key.string ?? "")):\(json($0.value))" }.joined(separator: ",") + "}"
        }
        // What is quoted is text, whatever it looks like.
        if node.scalar?.style == .plain {
            if let int = node.int { return "\(int)" }
            if let float = node.float, float.isFinite { return "\(float)" }
            if let bool = node.bool { return "\(bool)" }
        }
        return quoted(node.scalar?.string ?? "")
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            scalar == "\"" || scalar == "\\" || scalar.value < 0x20
                ? "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16) : String(scalar)
        }
        return "\"" + escaped.joined() + "\""
    }

    /// Every key asked for so far, in order.
    var keys: [String] { known.sorted() }

    /// - Parameter fallback: what holds where the key is not set, as it would be written.
    private mutating func entry(_ key: String, fallback: String? = nil) -> Entry? {
        let found = find(key)
        if found != nil || fallback != nil || effective[key] == nil {
            let known = fallback ?? effective[key]?.fallback
            effective[key] = Effective(value: found?.text ?? known, source: found?.source ?? "default", fallback: known)
        }
        return found
    }

    private mutating func find(_ key: String) -> Entry? {
        known.insert(key)
        if let text = flags[key] { return Entry(text: text, source: "flag") }
        let variable = Self.variable(key)
        if let text = environment[variable] { return Entry(text: text, source: "environment \(variable)") }
        return file[key]
    }

    /// `rtmp.port` is `SLUICE_RTMP_PORT`, `serviceURI` is `SLUICE_SERVICE_URI`.
    static func variable(_ key: String) -> String {
        var name = "SLUICE_"
        for character in key {
            if character == "." {
                name += "_"
            } else {
                if character.isUppercase, name.last?.isLowercase == true { name += "_" }
                name += String(character)
            }
        }
        return name.uppercased()
    }

    mutating func text(_ key: String, default fallback: String) -> String { entry(key, fallback: fallback)?.text ?? fallback }

    /// - Parameter usual: what holds where the key is not set, for those who ask.
    mutating func text(_ key: String, usual: String? = nil) -> String? {
        guard let text = entry(key, fallback: usual)?.text, !text.isEmpty else { return nil }
        return text
    }

    mutating func int(_ key: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let entry = entry(key, fallback: "\(fallback)") else { return fallback }
        guard let value = Int(entry.text), range.contains(value) else {
            throw SettingsError(
                key: key, value: entry.text, source: entry.source,
                wish: "a whole number from \(range.lowerBound) to \(range.upperBound) is right")
        }
        return value
    }

    mutating func double(_ key: String, default fallback: Double, in range: ClosedRange<Double>) throws -> Double {
        try double(key, usual: "\(fallback)", in: range) ?? fallback
    }

    mutating func double(_ key: String, usual: String? = nil, in range: ClosedRange<Double>) throws -> Double? {
        guard let entry = entry(key, fallback: usual), !entry.text.isEmpty else { return nil }
        guard let value = Double(entry.text), range.contains(value) else {
            throw SettingsError(
                key: key, value: entry.text, source: entry.source,
                wish: "a number from \(range.lowerBound) to \(range.upperBound) is right")
        }
        return value
    }

    mutating func milliseconds(_ key: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Duration {
        .milliseconds(try int(key, default: fallback, in: range))
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(_ key: String, default fallback: Value) throws -> Value
    where Value.RawValue == String {
        guard let entry = entry(key, fallback: fallback.rawValue) else { return fallback }
        guard let value = Value(rawValue: entry.text) else {
            throw SettingsError(
                key: key, value: entry.text, source: entry.source,
                wish: "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ") + " is right")
        }
        return value
    }

    mutating func list(_ key: String) -> [String]? {
        entry(key)?.text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// The names that the file has directly below a table, in order: tables whose names are the operator's own.
    mutating func names(under table: String) -> [String] {
        // An empty table is a key without a value.
        if file[table]?.text.isEmpty != false { known.insert(table) }
        let prefix = "\(table)."
        let names = file.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count).prefix { $0 != "." } }
        return Set(names.map(String.init)).sorted()
    }

    /// The source of a key's value, for errors found later.
    mutating func source(of key: String) -> String { entry(key)?.source ?? "default" }

    /// - Throws: `SettingsError` naming every key of the file that was never asked for, with the nearest one that is known.
    func finish() throws {
        let unknown = file.keys.filter { !known.contains($0) }.sorted()
        guard !unknown.isEmpty else { return }
        let lines = unknown.map { key in
            SettingsError.unknown(key: key, source: file[key]?.source ?? "", known: known).description
        }
        throw SettingsError(lines.joined(separator: "\n"))
    }
}
