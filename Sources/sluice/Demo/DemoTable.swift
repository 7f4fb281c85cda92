import Foundation
import SluiceGateway
import SluiceTypes

/// The live table: one line per segment, milliseconds after its cut.
enum DemoTable {
    static func header(_ profiles: [TranscodeProfile]) -> String {
        let columns = ["stream", "segment", "length", "KB", "source", "accepted"] + profiles.map(\.name) + ["published"]
        return columns.map(pad).joined(separator: " ") + "\n" + pad("") + pad("") + "  (ms after the cut)"
    }

    static func row(_ stream: String, _ segment: SegmentStatus, profiles: [TranscodeProfile], decision: DecisionReport?) -> String {
        var columns = [stream, "\(segment.sequence)", String(format: "%.3f s", segment.durationMs / 1000), "\(segment.bytes / 1000)"]
        columns.append(milliseconds(segment.sourcePublishedMs))
        columns.append(milliseconds(segment.acceptedMs))
        for index in profiles.indices {
            columns.append(index < segment.renditionsMs.count ? milliseconds(segment.renditionsMs[index]) : "-")
        }
        columns.append(milliseconds(segment.publishedMs))
        return columns.map(pad).joined(separator: " ") + (segment.failure.map { "  lost: \($0)" } ?? "")
            + (decision.map { "  → \($0.sentence)" } ?? "")
    }

    private static func milliseconds(_ value: Double?) -> String {
        value.map { String(format: "%.1f", $0) } ?? "-"
    }

    private static func pad(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, 10 - text.count))
    }
}
