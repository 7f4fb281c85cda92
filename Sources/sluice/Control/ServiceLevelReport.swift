import SluiceRouting
import SluiceTypes

/// A service level as JSON (`GET /routing/sla`).
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
}

/// A service level together with whether it can be kept: what an operator is told who asks for it or changes it.
struct ServiceLevelAnswer: Codable, Sendable {
    struct Check: Codable, Sendable {
        struct Nearest: Codable, Sendable {
            var orchestrator: String
            /// What would have to be asked for.
            var sla: ServiceLevelReport
        }

        var isMet: Bool
        var words: String
        var nearest: Nearest?

        init(_ check: ServiceLevelCheck) {
            isMet = check.isMet
            words = check.description
            nearest = check.nearest.map { Nearest(orchestrator: $0.orchestrator.rawValue, sla: ServiceLevelReport($0.level)) }
        }
    }

    private enum Key: String, CodingKey { case check }

    var level: ServiceLevelReport
    var check: Check

    init(_ level: ServiceLevel, _ check: ServiceLevelCheck) {
        self.level = ServiceLevelReport(level)
        self.check = Check(check)
    }

    init(from decoder: any Decoder) throws {
        level = try ServiceLevelReport(from: decoder)
        check = try decoder.container(keyedBy: Key.self).decode(Check.self, forKey: .check)
    }

    func encode(to encoder: any Encoder) throws {
        try level.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(check, forKey: .check)
    }
}
