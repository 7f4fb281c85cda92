import Foundation
import GRDB

/// An hour or a day of how an offer did; the tally in words that the registry does not read.
package struct HistoryRecord: Hashable, Sendable {
    package var orchestrator: String
    package var pipeline: String
    package var model: String
    /// Seconds: of an hour or of a day.
    package var width: Int64
    /// Unix seconds.
    package var start: Int64
    package var tally: [UInt8]

    package init(orchestrator: String, pipeline: String, model: String, width: Int64, start: Int64, tally: [UInt8]) {
        self.orchestrator = orchestrator
        self.pipeline = pipeline
        self.model = model
        self.width = width
        self.start = start
        self.tally = tally
    }
}

extension Registry {
    /// Kept: two weeks of hours, thirteen months of days.
    private static let hoursKept: Int64 = 14 * 86_400
    private static let daysKept: Int64 = 400 * 86_400

    /// Replaces the spans that are there.
    package func remember(_ spans: [HistoryRecord], at now: Int64) async throws {
        guard !spans.isEmpty else { return }
        try await write { database in
            let put = try database.cachedStatement(sql: "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?)")
            for span in spans {
                try put.execute(arguments: [
                    span.orchestrator, span.pipeline, span.model, span.width, span.start, Data(span.tally),
                ])
            }
            try database.execute(
                sql: "DELETE FROM history WHERE (width = 3600 AND start < ?) OR (width <> 3600 AND start < ?)",
                arguments: [now - Self.hoursKept, now - Self.daysKept])
        }
    }

    /// Oldest first.
    package func history(since: Int64, width: Int64? = nil, orchestrator: String? = nil) async throws -> [HistoryRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM history WHERE start >= ? AND (? IS NULL OR width = ?) AND (? IS NULL OR orchestrator = ?)
                    ORDER BY start, orchestrator, pipeline, model
                    """, arguments: [since, width, width, orchestrator, orchestrator]
            ).map { row in
                HistoryRecord(
                    orchestrator: row["orchestrator"], pipeline: row["pipeline"], model: row["model"], width: row["width"],
                    start: row["start"], tally: [UInt8](row["tally"] as Data))
            }
        }
    }
}
