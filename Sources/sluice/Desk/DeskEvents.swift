import Foundation
import SluiceRouting
import SluiceTypes

/// A decision as the feed tells it: `DecisionReport` without those who were only looked at.
struct DecisionEvent: Codable, Sendable {
    struct Attempt: Codable, Sendable {
        var orchestrator: String
        var role: String
        var sentMs: Double
        var uploadMs: Double?
        var workMs: Double?
        var firstByteMs: Double?
        var bodyMs: Double?
        var totalMs: Double?
        var result: String
    }

    /// Milliseconds since 1970.
    var at: Int64
    var stream: String
    var sequence: Int64
    /// In words: what was chosen, why, and what came of it.
    var words: String
    var choice: String?
    var reason: String
    var targetMs: Double
    var deadlineMs: Double
    var finishMs: Double?
    var isMissed: Bool
    var failure: String?
    var costWei: Double
    var attempts: [Attempt]

    init(_ report: DecisionReport, at: Int64) {
        self.at = at
        stream = report.stream
        sequence = report.sequence
        words = report.sentence
        choice = report.choice
        reason = report.reason
        targetMs = report.targetMs
        deadlineMs = report.deadlineMs
        finishMs = report.finishMs
        isMissed = report.isMissed
        failure = report.failure
        costWei = report.costWei
        attempts = report.attempts.map { attempt in
            Attempt(
                orchestrator: attempt.orchestrator, role: attempt.role, sentMs: attempt.sentMs, uploadMs: attempt.uploadMs,
                workMs: attempt.workMs, firstByteMs: attempt.firstByteMs, bodyMs: attempt.bodyMs, totalMs: attempt.totalMs,
                result: attempt.result)
        }
    }
}

/// Something short that happened, in words.
struct DeskNote: Codable, Sendable {
    /// Milliseconds since 1970.
    var at: Int64 = DeskNote.now
    var words: String
    var stream: String?
    var sequence: Int64?
    var orchestrator: String?
    /// Who ordered it.
    var by: String?

    static var now: Int64 { wallClockNanoseconds() / 1_000_000 }
}

extension EventFeed {
    func decided(_ decision: RouteDecision) {
        let now = DeskNote.now
        publish(.decision, DecisionMaking(decision: decision, at: now))
        let stream = decision.stream.rawValue
        let sequence = decision.sequence.rawValue
        if decision.isMissed {
            let words =
                decision.failure.map { "lost: \($0)" } ?? decision.finish.map { "\(Int($0 * 1000)) ms, past the deadline" } ?? "late"
            publish(
                .miss, DeskNote(at: now, words: words, stream: stream, sequence: sequence, orchestrator: decision.choice?.rawValue))
        }
        for attempt in decision.attempts where attempt.role == .hedge {
            publish(
                .hedge,
                DeskNote(
                    at: now, words: attempt.result == .won ? "the second attempt was first" : "the second attempt was not needed",
                    stream: stream, sequence: sequence, orchestrator: attempt.orchestrator.rawValue))
        }
    }
}

/// A decision on its way to a listener: the report is made only if there is one.
private struct DecisionMaking: Encodable, Sendable {
    let decision: RouteDecision
    let at: Int64

    func encode(to encoder: any Encoder) throws { try DecisionEvent(DecisionReport(decision), at: at).encode(to: encoder) }
}
