import Foundation
import SluiceRouting

/// A part of a service level: what is named replaces what holds otherwise. One for each tenant and stream, laid on the node's level.
struct ServiceLevelChange: Hashable, Sendable {
    /// Text by key, as the settings file has it (`continuity.price`).
    private(set) var values: [String: String] = [:]

    static let none = ServiceLevelChange()

    private init() {}

    /// - Parameter json: an object; what `GET /routing/sla` shows may come back as it is.
    /// - Throws: `SettingsError` naming key, value and what would be right; JSON that does not parse, and keys that nobody knows, too.
    init(json: Data) throws {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            throw SettingsError("the body is no JSON object; {\"latency\": \"50%\"} would be right")
        }
        try self.init(object)
    }

    init(_ object: [String: Any]) throws {
        var object = object
        object["check"] = nil
        try Self.flatten(object, "", &values)
        // A negative price is how an open one is shown.
        if values["maxPricePerPixelWei"]?.hasPrefix("-") == true { values["maxPricePerPixelWei"] = "" }
        if let stray = values.keys.sorted().first(where: { !Self.keys.contains($0) }) {
            throw SettingsError("unknown key '\(stray)'; did you mean '\(NearestKey.of(stray, among: Self.keys) ?? "")'?")
        }
        // Each is in its range or not whatever the others are.
        _ = try applied(to: ServiceLevel())
    }

    /// Those of the settings below `prefix`, checked there.
    init(_ reader: inout SettingsReader, prefix: String) throws {
        _ = try ServiceLevelSettings.read(&reader, prefix: prefix)
        for key in Self.keys {
            if reader.list("\(prefix).\(key)") != nil { values[key] = reader.text("\(prefix).\(key)", default: "") }
        }
    }

    /// What is named in both is taken from `other`.
    mutating func merge(_ other: ServiceLevelChange) { values.merge(other.values) { $1 } }

    func applied(to level: ServiceLevel) throws -> ServiceLevel {
        guard !values.isEmpty else { return level }
        let flags = Dictionary(uniqueKeysWithValues: values.map { ("sla.\($0.key)", $0.value) })
        var reader = try SettingsReader(file: nil, flags: flags, environment: [:])
        return try ServiceLevelSettings.read(&reader, base: level)
    }

    /// Every key that there is.
    static let keys: Set<String> = {
        guard let whole = try? JSONSerialization.jsonObject(with: JSONEncoder().encode(ServiceLevelReport(ServiceLevel()))),
            let object = whole as? [String: Any]
        else { return [] }
        var values: [String: String] = [:]
        try? flatten(object, "", &values)
        return Set(values.keys)
    }()

    private static func flatten(_ object: [String: Any], _ prefix: String, _ values: inout [String: String]) throws {
        for (key, value) in object {
            let name = prefix + key
            switch value {
            case let nested as [String: Any]: try flatten(nested, "\(name).", &values)
            case let list as [String]: values[name] = list.joined(separator: ",")
            case let text as String: values[name] = text
            case let number as NSNumber where !isFlag(number) && !texts.contains(name): values[name] = words(number)
            case is NSNull: values[name] = ""
            default:
                throw SettingsError(
                    texts.contains(name)
                        ? "'\(name)' is neither text nor a list of text" : "'\(name)' is neither text, a number nor a list of text")
            }
        }
    }

    /// Keys for which a number is no answer.
    private static let texts: Set<String> = ["latency", "region", "onMiss", "gpuClasses", "preferGpuClasses"]

    /// `true` and `false` come as numbers of one byte.
    private static func isFlag(_ number: NSNumber) -> Bool { ["c", "B"].contains(String(cString: number.objCType)) }

    /// JSON's 93.0 is the whole number 93.
    private static func words(_ number: NSNumber) -> String {
        Int64(exactly: number.doubleValue).map(String.init) ?? number.stringValue
    }
}
