/// When the faults of a scenario hold, one row for each orchestrator that has any.
struct FaultSpans {
    struct Row {
        var orchestrator: String
        var label: String
        var spans: [ClosedRange<Double>]
    }

    /// More rows than this say "everywhere" and nothing else.
    private static let mostRows = 6

    var rows: [Row] = []

    init(scenario: Scenario) {
        for model in scenario.orchestrators where !model.faults.isEmpty {
            let kinds = Set(model.faults.map { Self.word($0.kind) }).sorted().joined(separator: ", ")
            let spans = model.faults.flatMap { Self.spans(of: $0, until: scenario.duration) }
            rows.append(Row(orchestrator: model.names[0], label: "\(model.name): \(kinds)", spans: spans))
        }
        if rows.count > Self.mostRows { rows.removeLast(rows.count - Self.mostRows) }
    }

    private static func spans(of fault: FaultModel, until end: Double) -> [ClosedRange<Double>] {
        var spans: [ClosedRange<Double>] = []
        var begin = fault.at
        while begin < end {
            spans.append(begin...min(end, begin + (fault.lasts ?? end)))
            guard let every = fault.every, every > 0 else { break }
            begin += every
        }
        return spans
    }

    private static func word(_ kind: FaultModel.Kind) -> String {
        switch kind {
        case .stall: "stall"
        case .crash, .crashDuring: "crash"
        case .slow: "slow"
        case .busy: "busy"
        case .capped: "capped"
        case .halfAnswer: "half"
        case .wrongBytes: "wrong"
        case .price: "price"
        case .refuseTokens: "token"
        case .loss: "loss"
        case .pictures(let picture): picture.rawValue
        }
    }
}
