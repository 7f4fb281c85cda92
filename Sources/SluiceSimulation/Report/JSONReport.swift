import Foundation

/// The comparison for programs: sorted keys, so that two runs of equal seeds are equal texts.
package enum JSONReport {
    private struct Document: Encodable {
        var scenario: String
        var seeds: Int
        var policies: [String: Figures]
        var sweep: SweepDocument?
    }

    private struct SweepDocument: Encodable {
        var setting: String
        var points: [Figures]
    }

    /// The figures, and under `confidence` half the width of the 95 % interval of each.
    private struct Figures: Encodable {
        var summary: RunSummary
        /// Of the setting, in a sweep.
        var value: Double?

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encodeIfPresent(value, forKey: Key(stringValue: "value"))
            var confidence = container.nestedContainer(keyedBy: Key.self, forKey: Key(stringValue: "confidence"))
            for figure in RunSummary.Figure.allCases {
                let estimate = summary[figure]
                try container.encode(estimate.value, forKey: Key(stringValue: figure.rawValue))
                try confidence.encode(estimate.halfWidth, forKey: Key(stringValue: figure.rawValue))
            }
        }
    }

    package static func render(_ world: ReportedWorld, _ policies: [ReportedPolicy], sweep: Sweep? = nil) throws -> String {
        let document = Document(
            scenario: world.scenario.name, seeds: world.seeds,
            policies: Dictionary(policies.map { ($0.name, Figures(summary: $0.summary)) }) { first, _ in first },
            sweep: sweep.map { sweep in
                SweepDocument(
                    setting: sweep.setting, points: sweep.points.map { Figures(summary: $0.policy.summary, value: $0.value) })
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }
}
