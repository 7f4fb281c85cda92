import Foundation
import SluiceRouting
import SluiceTypes

/// A service level as JSON, whole when it is shown, in part when it is changed: what is not named stays as it is.
struct ServiceLevelReport: Codable, Sendable {
    struct Continuity: Codable, Sendable {
        var seconds: Double?
        var price: Double?
        var segments: Int?
    }

    var latency: String?
    var percentile: Double?
    var playoutBudget: Double?
    /// Empty: any.
    var gpuClasses: [String]?
    var preferGpuClasses: [String]?
    /// Empty: any.
    var region: String?
    /// Negative: any.
    var maxPricePerPixelWei: Double?
    var hedgeBudget: Double?
    var onMiss: String?
    var continuity: Continuity?

    init(_ level: ServiceLevel) {
        latency = ServiceLevelSettings.text(level.latency)
        percentile = level.percentile
        playoutBudget = level.playoutBudget
        gpuClasses = (level.allowedClasses ?? []).map(\.rawValue).sorted()
        preferGpuClasses = level.preferredClasses.map(\.rawValue).sorted()
        region = level.region ?? ""
        maxPricePerPixelWei = level.maxPrice ?? -1
        hedgeBudget = level.hedgeBudget
        onMiss = level.onMiss.rawValue
        continuity = Continuity(
            seconds: level.continuity.seconds, price: level.continuity.price, segments: level.continuity.segments)
    }

    /// - Throws: `SettingsError` naming key, value and what would be right; JSON that does not parse, and keys that nobody knows, too.
    static func change(_ level: ServiceLevel, by json: Data) throws -> ServiceLevel {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            throw SettingsError("the body is no JSON object; {\"latency\": \"50%\"} would be right")
        }
        var flags: [String: String] = [:]
        try flatten(object, "sla", &flags)
        // The settings' own reader checks ranges and names; what is not named comes from the level as it is.
        var current: [String: String] = [:]
        let whole = try JSONSerialization.jsonObject(with: JSONEncoder().encode(ServiceLevelReport(level)))
        try flatten(whole as? [String: Any] ?? [:], "sla", &current)
        for (key, value) in flags {
            guard current[key] != nil else {
                let nearest = NearestKey.of(key, among: current.keys) ?? ""
                throw SettingsError("unknown key '\(key.dropFirst(4))'; did you mean '\(nearest.dropFirst(4))'?")
            }
            current[key] = value
        }
        if current["sla.maxPricePerPixelWei"]?.hasPrefix("-") == true { current["sla.maxPricePerPixelWei"] = "" }
        var reader = try SettingsReader(file: nil, flags: current, environment: [:])
        return try ServiceLevelSettings.read(&reader)
    }

    private static func flatten(_ object: [String: Any], _ prefix: String, _ flags: inout [String: String]) throws {
        for (key, value) in object {
            let name = "\(prefix).\(key)"
            switch value {
            case let nested as [String: Any]: try flatten(nested, name, &flags)
            case let list as [String]: flags[name] = list.joined(separator: ",")
            case let text as String: flags[name] = text
            case let number as NSNumber: flags[name] = number.stringValue
            case is NSNull: flags[name] = ""
            default: throw SettingsError("'\(name.dropFirst(4))' is neither text, a number nor a list of text")
            }
        }
    }
}
