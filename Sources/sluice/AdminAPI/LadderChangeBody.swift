import Foundation
import HTTPTypes
import SluiceTypes
import SluiceWire

/// The body of `PATCH /api/v1/streams/NAME`: which renditions there are to be, or which more and which no more.
struct LadderChangeBody {
    static let example =
        #"{"add": ["P720p30fps16x9"], "remove": ["P240p30fps16x9"]}, or {"profiles": [{"name": "small", "width": 426, …}]}"#
    private static let keys = ["add", "profiles", "remove"]

    /// In place of all that there are.
    private var whole: [TranscodeProfile]?
    private var more: [TranscodeProfile]
    private var less: [String]

    /// - Throws: `APIProblem` for what is no list of profiles.
    init(_ object: [String: Any]) throws(APIProblem) {
        if let unknown = object.keys.sorted().first(where: { !Self.keys.contains($0) }) {
            throw APIProblem(
                .badRequest, "unknown-key", "nobody knows the key '\(unknown.prefix(60))'", at: "body, key \(unknown.prefix(60))",
                right: "one of \(Self.keys.joined(separator: ", "))")
        }
        guard !object.isEmpty, object["profiles"] == nil || object.count == 1 else {
            throw Self.wrong("profiles", "either 'profiles', or 'add' and 'remove'")
        }
        whole = try object["profiles"].map { value throws(APIProblem) in try Self.profiles(value, "profiles") }
        more = try object["add"].map { value throws(APIProblem) in try Self.profiles(value, "add") } ?? []
        less = []
        if let value = object["remove"] {
            guard let names = value as? [String] else { throw Self.wrong("remove", "it is no list of names") }
            less = names
        }
    }

    /// What is asked for then. One of a name that is there takes its place.
    func applied(to present: [TranscodeProfile]) throws(APIProblem) -> [TranscodeProfile] {
        var profiles = whole ?? present
        for name in less {
            guard let place = profiles.firstIndex(where: { $0.name == name }) else {
                let known = profiles.map(\.name).joined(separator: ", ")
                throw APIProblem(
                    .badRequest, "no-such-rendition", "there is no rendition '\(name.prefix(70))' to remove", at: "body, key remove",
                    right: known.isEmpty ? "the stream has none" : "of \(known)")
            }
            profiles.remove(at: place)
        }
        for profile in more {
            if let place = profiles.firstIndex(where: { $0.name == profile.name }) {
                profiles[place] = profile
            } else {
                profiles.append(profile)
            }
        }
        if let objection = ProfileLimits.objection(to: profiles) {
            throw Self.wrong(
                "profiles",
                "together they are out of bounds (\(objection)): at most \(ProfileLimits.mostOutputs), each of a name of its own")
        }
        guard !profiles.contains(where: { $0.name == "source" }) else { throw Self.wrong("profiles", "'source' is the source's name") }
        return profiles
    }

    /// Names of presets, and objects as in Livepeer's profile JSON (specs/gateway-surface §5.1), mixed as they come.
    private static func profiles(_ value: Any, _ key: String) throws(APIProblem) -> [TranscodeProfile] {
        guard let list = value as? [Any] else { throw wrong(key, "it is no list") }
        var profiles: [TranscodeProfile] = []
        for entry in list {
            do throws(ProfileText.Fault) {
                if let name = entry as? String {
                    profiles += try ProfileText.parse(presets: name)
                } else {
                    let json = (try? JSONSerialization.data(withJSONObject: [entry])) ?? Data()
                    profiles += try ProfileText.parse(json: Array(json))
                }
            } catch { throw wrong(key, error.description) }
        }
        return profiles
    }

    private static func wrong(_ key: String, _ what: String) -> APIProblem {
        APIProblem(.badRequest, "wrong-profiles", what, at: "body, key \(key)", right: example)
    }
}

/// A profile as it is asked for, in the API's answers; the fields of Livepeer's profile JSON.
struct ProfileReport: Codable, Hashable, Sendable {
    var name: String
    var width: Int
    var height: Int
    var bitrate: Int
    /// 0 for the source's own rate.
    var fps: Int
    var fpsDen: Int

    init(_ profile: TranscodeProfile) {
        name = profile.name
        width = profile.width
        height = profile.height
        bitrate = profile.bitrate
        fps = profile.frameRate?.numerator ?? 0
        fpsDen = profile.frameRate?.denominator ?? 1
    }
}
