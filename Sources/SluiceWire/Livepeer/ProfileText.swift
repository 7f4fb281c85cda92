#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import SluiceTypes

/// Profiles as people and webhooks write them: preset names with commas between, or a JSON array (specs/gateway-surface §5).
package enum ProfileText {
    package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Takes either form; JSON is what starts with `[`.
    package static func parse(_ text: String) throws(Fault) -> [TranscodeProfile] {
        text.first { !$0.isWhitespace } == "[" ? try parse(json: Array(text.utf8)) : try parse(presets: text)
    }

    package static func parse(presets text: String) throws(Fault) -> [TranscodeProfile] {
        var profiles: [TranscodeProfile] = []
        for part in text.split(separator: ",") {
            let name = String(part.filter { !$0.isWhitespace })
            guard let preset = TranscodePresets.all[name] else {
                let known = TranscodePresets.all.keys.sorted().joined(separator: ", ")
                throw Fault(description: "there is no preset named `\(name)`; there are \(known)")
            }
            profiles.append(preset)
        }
        return try checked(profiles)
    }

    package static func parse(json: [UInt8]) throws(Fault) -> [TranscodeProfile] {
        let entries: [ProfileEntry]
        do {
            entries = try JSONDecoder().decode([ProfileEntry].self, from: Data(json))
        } catch let error as DecodingError {
            throw Fault(description: "the profiles do not read as JSON: \(Self.text(of: error))")
        } catch {
            throw Fault(description: "the profiles do not read as JSON: \(error)")
        }
        var profiles: [TranscodeProfile] = []
        for (index, entry) in entries.enumerated() {
            do {
                profiles.append(try entry.checked())
            } catch {
                throw Fault(description: "profile \(index): \(error.description)")
            }
        }
        return try checked(profiles)
    }

    private static func checked(_ profiles: [TranscodeProfile]) throws(Fault) -> [TranscodeProfile] {
        if let objection = ProfileLimits.objection(to: profiles) {
            throw Fault(
                description: "the profiles are out of bounds (\(objection)): at most \(ProfileLimits.mostOutputs), each with a"
                    + " name of its own without `/`, sides of 1 to \(ProfileLimits.longestSide) and a bitrate or quality")
        }
        return profiles
    }

    private static func text(of error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            place(context.codingPath) + context.debugDescription
        case .keyNotFound(let key, let context): "\(place(context.codingPath))`\(key.stringValue)` is missing"
        @unknown default: "\(error)"
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "" : path.map(\.stringValue).joined(separator: ".") + ": "
    }
}
