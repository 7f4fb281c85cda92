import SluiceRouting
import SluiceTypes

/// Why a request of an app went to the runner it went to (`GET /routing/decisions?app=NAME`); the words are those of `DecisionReport`.
struct RunnerDecisionReport: Codable, Sendable {
    struct LeftOutReport: Codable, Sendable {
        var orchestrator: String
        var runner: String
        var reason: String
    }

    struct Considered: Codable, Sendable {
        var orchestrator: String
        var runner: String
        /// To the head of the answer.
        var predictedMs: Double
        /// Answers behind the prediction, by their present weight.
        var samples: Double
        /// Milliseconds, weighed with the price: the least is best.
        var score: Double
        var price: Double?
        var priceUnit: String?
        var inFlight: Int
        var free: Int
        var capacity: Int
    }

    var app: String
    var agoSeconds: Double
    var reason: String
    var choice: String?
    var runner: String?
    var candidates: Int
    var leftOutCount: Int
    var leftOut: [LeftOutReport]
    var considered: [Considered]

    init(_ decision: RunnerDecision, ago: Double) {
        app = decision.app
        agoSeconds = ago.tenths
        reason = decision.reason.rawValue
        choice = decision.choice?.orchestrator.rawValue
        runner = decision.choice?.path
        candidates = decision.candidates
        leftOutCount = decision.leftOutCount
        leftOut = decision.leftOut.map {
            LeftOutReport(
                orchestrator: $0.runner.orchestrator.rawValue, runner: $0.runner.path,
                reason: $0.reason == .tried ? "was asked already, and did not answer" : $0.reason.description)
        }
        considered = decision.considered.map { look in
            Considered(
                orchestrator: look.runner.orchestrator.rawValue, runner: look.runner.path, predictedMs: (look.median * 1000).tenths,
                samples: look.samples.tenths, score: (look.score * 1000).tenths, price: look.price?.amount,
                priceUnit: look.price.map { "USD per \($0.unit.rawValue)" }, inFlight: look.inFlight, free: look.free,
                capacity: look.capacity)
        }
    }
}
