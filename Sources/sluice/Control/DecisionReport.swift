import SluiceRouting
import SluiceTypes

/// A routing decision as JSON (`GET /routing/decisions`). Times are milliseconds after the cut of the segment.
struct DecisionReport: Codable, Sendable {
    struct LeftOutReport: Codable, Sendable {
        var orchestrator: String
        var reason: String
    }

    struct Considered: Codable, Sendable {
        var orchestrator: String
        var predictedMs: Double
        var predictedAtPercentileMs: Double
        /// Segments behind the prediction, by their present weight.
        var samples: Double
        var weiPerPixel: Double
        var inFlight: Int
        var leftOut: String?
    }

    struct Attempt: Codable, Sendable {
        var orchestrator: String
        var role: String
        var sentMs: Double
        /// When another attempt would have been made, had this one been silent until then.
        var hedgeAtMs: Double
        var uploadMs: Double?
        var workMs: Double?
        var firstByteMs: Double?
        var bodyMs: Double?
        var totalMs: Double?
        var result: String
        var costWei: Double
    }

    var stream: String
    var sequence: Int64
    var workClass: String
    var reason: String
    var choice: String?
    var candidates: Int
    var leftOutCount: Int
    var leftOut: [LeftOutReport]
    var considered: [Considered]
    var targetMs: Double
    var deadlineMs: Double
    var giveUpMs: Double
    var attempts: [Attempt]
    var finishMs: Double?
    var isMissed: Bool
    var failure: String?
    var costWei: Double

    init(_ decision: RouteDecision) {
        func after(_ moment: Moment) -> Double { (moment.seconds(since: decision.cut) * 1000).tenths }
        stream = decision.stream.rawValue
        sequence = decision.sequence.rawValue
        workClass = decision.workClass.description
        reason = decision.reason.rawValue
        choice = decision.choice?.rawValue
        candidates = decision.candidates
        leftOutCount = decision.leftOutCount
        leftOut = decision.leftOut.map { LeftOutReport(orchestrator: $0.orchestrator.rawValue, reason: $0.reason.description) }
        considered = decision.considered.map { look in
            Considered(
                orchestrator: look.orchestrator.rawValue, predictedMs: (look.median * 1000).tenths,
                predictedAtPercentileMs: (look.atPercentile * 1000).tenths, samples: look.samples.tenths,
                weiPerPixel: look.weiPerPixel, inFlight: look.inFlight, leftOut: look.leftOut?.description)
        }
        targetMs = (decision.target * 1000).tenths
        deadlineMs = after(decision.deadline)
        giveUpMs = after(decision.giveUp)
        attempts = decision.attempts.map { attempt in
            func milliseconds(_ seconds: Double?) -> Double? { seconds.map { ($0 * 1000).tenths } }
            return Attempt(
                orchestrator: attempt.orchestrator.rawValue, role: attempt.role.rawValue, sentMs: after(attempt.sent),
                hedgeAtMs: after(attempt.hedgeAt), uploadMs: milliseconds(attempt.times.upload), workMs: milliseconds(attempt.times.work),
                firstByteMs: milliseconds(attempt.times.firstByte), bodyMs: milliseconds(attempt.times.body),
                totalMs: milliseconds(attempt.times.total), result: Self.text(attempt.result), costWei: attempt.cost)
        }
        finishMs = decision.finish.map { ($0 * 1000).tenths }
        isMissed = decision.isMissed
        failure = decision.failure?.description
        costWei = decision.cost
    }

    private static func text(_ result: RouteDecision.Attempt.Result) -> String {
        switch result {
        case .running: "running"
        case .won: "won"
        case .finished: "finished"
        case .aborted: "stopped"
        case .failed(let failure): "failed: \(failure)"
        }
    }
}

extension Double {
    /// Rounded to one place: finer is noise to a reader.
    var tenths: Double { (self * 10).rounded() / 10 }
}
