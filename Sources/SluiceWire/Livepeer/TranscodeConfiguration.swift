#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import NIOCore
package import SluiceTypes

/// The `Livepeer-Transcode-Configuration` header: the JSON of an auth webhook's answer (specs/gateway-surface §4).
/// Presets come first, then profiles; the other fields are for things this gateway does not do and are passed over.
package enum TranscodeConfiguration {
    private struct Answer: Decodable {
        var presets: [String]?
    }

    /// - Returns: `nil` when it names neither presets nor profiles: the defaults hold. An empty list means no transcoding.
    package static func profiles(json: ByteBuffer) throws -> [TranscodeProfile]? {
        let data = Data(json.readableBytesView)
        let answer: Answer
        let root: [String: JSONValue]
        do {
            answer = try JSONDecoder().decode(Answer.self, from: data)
            root = try JSONDecoder().decode([String: JSONValue].self, from: data)
        } catch {
            throw ProfileText.Fault(description: "the configuration is no JSON object of the expected form")
        }
        guard answer.presets != nil || root["profiles"] != nil else { return nil }
        // Presets nobody knows are passed over, as the reference does.
        var profiles = (answer.presets ?? []).compactMap { TranscodePresets.all[$0] }
        if let custom = root["profiles"] { profiles += try ProfileText.parse(json: Array(JSONEncoder().encode(custom))) }
        return profiles
    }
}

/// Any JSON, kept as it came.
private indirect enum JSONValue: Codable {
    case null, bool(Bool), number(Double), string(String), array([JSONValue]), object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value) where value == value.rounded() && abs(value) < 1e15: try container.encode(Int64(value))
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
