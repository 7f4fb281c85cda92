import Foundation
import NIOCore
import SluiceMarket
import SluiceRouting
import SluiceTypes
import SluiceWire

/// What `POST /marketplace/quote` is sent.
struct QuoteBody {
    /// A list of ten profiles and a few names.
    static let longest = 256 << 10
    private static let keys = [
        "pipeline", "model", "profiles", "codecs", "unitsPerSecond", "durationSeconds", "latency", "segmentSeconds", "region", "gpuClasses",
        "leastMemoryBytes", "warm", "minimumVersion", "maxPricePerUnitWei", "tenant", "limit", "whatIf",
    ]

    let request: QuoteRequest
    let tenant: String?
    /// Asked of a picture that is not; such an answer is not honoured.
    let isWhatIf: Bool

    /// - Throws: `SettingsError` naming field, value and what would be right.
    init(_ body: Data) throws {
        guard let object = try? JSONSerialization.jsonObject(with: body) as? [String: Any] else {
            throw SettingsError(
                "the body is no JSON object; {\"pipeline\": \"transcode\", \"profiles\": \"P360p30fps16x9\", \"durationSeconds\": 3600} is right"
            )
        }
        if let stray = object.keys.sorted().first(where: { !Self.keys.contains($0) }) {
            throw SettingsError("unknown field '\(stray)'; did you mean '\(NearestKey.of(stray, among: Self.keys) ?? Self.keys[0])'?")
        }
        let fields = Fields(object)
        var request = QuoteRequest()
        request.pipeline = try fields.text("pipeline") ?? OfferedCapability.transcode
        request.model = try fields.text("model")
        request.region = try fields.text("region")
        request.minimumVersion = try fields.text("minimumVersion")
        request.gpuClasses = Set(try fields.texts("gpuClasses"))
        request.duration = try fields.number("durationSeconds", 1...31_536_000) ?? 60
        request.segmentDuration = try fields.number("segmentSeconds", 0.1...60) ?? 2
        request.leastMemory = Int64(try fields.number("leastMemoryBytes", 0...1e15) ?? 0)
        request.mustBeWarm = try fields.flag("warm") ?? false
        request.maxPrice = try fields.number("maxPricePerUnitWei", 0...1e24)
        request.limit = try fields.whole("limit", 1...QuoteRequest.mostCandidates) ?? 5
        if let text = try fields.text("latency") {
            guard let target = ServiceLevelSettings.target(text) else {
                throw fields.complaint("latency", "a share of the segment such as 60%, or a time such as 800ms, is right")
            }
            request.latency = ServiceLevel(latency: target).target(for: request.segmentDuration)
        }
        request.codecs = Set(
            try fields.texts("codecs").map { name in
                guard let codec = VideoCodec(rawValue: name) else {
                    throw fields.complaint("codecs", "of " + VideoCodec.allCases.map(\.rawValue).joined(separator: ", ") + " is right")
                }
                return codec
            })
        let profiles = try Self.profiles(fields)
        if !profiles.isEmpty {
            request.codecs.formUnion(profiles.map(\.codec))
            request.capabilities = JobCapabilities.of(profiles: profiles, input: nil, isPushed: false)
        }
        let given = try fields.number("unitsPerSecond", 0.001...1e15)
        request.unitsPerSecond = given ?? FeeEstimate.pixelsPerSecond(profiles)
        guard given != nil || !profiles.isEmpty else {
            throw SettingsError(
                "how much work is it? 'profiles' (preset names, or JSON profiles), or 'unitsPerSecond' (pixels, or 1 where time is sold), says so"
            )
        }
        isWhatIf = try Self.whatIf(fields, &request)
        tenant = try fields.text("tenant")
        self.request = request
    }

    private static func profiles(_ fields: Fields) throws -> [TranscodeProfile] {
        switch fields.object["profiles"] {
        case nil: return []
        case let names as String where !names.isEmpty:
            do { return try ProfileText.parse(names) } catch { throw fields.complaint("profiles", error.description) }
        case let list as [Any]:
            guard let json = try? JSONSerialization.data(withJSONObject: ["manifestID": "quote", "profiles": list]) else {
                throw fields.complaint("profiles", "preset names, or a list of JSON profiles, is right")
            }
            do { return try TranscodeConfiguration.profiles(json: ByteBuffer(bytes: json)) ?? [] } catch {
                throw fields.complaint("profiles", "\(error)")
            }
        default: throw fields.complaint("profiles", "preset names, or a list of JSON profiles, is right")
        }
    }

    private static func whatIf(_ fields: Fields, _ request: inout QuoteRequest) throws -> Bool {
        guard let value = fields.object["whatIf"] else { return false }
        guard let object = value as? [String: Any], object.keys.allSatisfy({ ["without", "prices", "load"].contains($0) }) else {
            throw fields.complaint(
                "whatIf",
                "an object with 'without' (a list of orchestrators), 'prices' (wei per unit by orchestrator) and 'load' (0 to 1) is right")
        }
        let inner = Fields(object)
        request.without = Set(try inner.texts("without").map { OrchestratorID($0) })
        request.assumedLoad = try inner.number("load", 0...1)
        if let prices = object["prices"] {
            guard let table = prices as? [String: Any] else { throw inner.complaint("prices", "wei per unit by orchestrator is right") }
            let numbers = Fields(table)
            for name in table.keys { request.assumedPrices[OrchestratorID(name)] = try numbers.number(name, 0...1e24) }
        }
        return true
    }
}

/// Fields of a JSON object, each checked where it is read.
struct Fields {
    /// Of one field that is a list.
    static let mostItems = 1000

    let object: [String: Any]

    init(_ object: [String: Any]) { self.object = object }

    func complaint(_ name: String, _ wish: String) -> SettingsError {
        let shown = object[name].map { "\($0)" } ?? "nothing"
        return SettingsError("'\(name)' is '\(shown.prefix(200))'; \(wish)")
    }

    func text(_ name: String) throws -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value as? String, !text.isEmpty, text.unicodeScalars.count <= OfferedCapability.longestName else {
            throw complaint(name, "a text of 1 to \(OfferedCapability.longestName) characters is right")
        }
        return text
    }

    func texts(_ name: String) throws -> [String] {
        guard let value = object[name] else { return [] }
        guard let list = value as? [String], list.count <= Self.mostItems else { throw complaint(name, "a list of texts is right") }
        return list
    }

    func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        guard let value = object[name] else { return nil }
        guard let number = value as? NSNumber, !number.isBoolean, range.contains(number.doubleValue) else {
            throw complaint(name, "a number from \(range.lowerBound.plain) to \(range.upperBound.plain) is right")
        }
        return number.doubleValue
    }

    func whole(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let number = try number(name, Double(range.lowerBound)...Double(range.upperBound)) else { return nil }
        guard number == number.rounded() else {
            throw complaint(name, "a whole number from \(range.lowerBound) to \(range.upperBound) is right")
        }
        return Int(number)
    }

    func flag(_ name: String) throws -> Bool? {
        guard let value = object[name] else { return nil }
        guard let number = value as? NSNumber, number.isBoolean else { throw complaint(name, "true or false is right") }
        return number.boolValue
    }
}

extension NSNumber {
    /// JSON's true and false come as numbers too, of the type `char`, which no other number of JSON is.
    fileprivate var isBoolean: Bool { String(cString: objCType) == "c" }
}
