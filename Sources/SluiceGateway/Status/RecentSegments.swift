import NIOCore
import SluiceTypes
import Synchronization

/// The last segments of a stream and when each passed its stages; for the status page, the demo and the benchmarks.
final class RecentSegments: Sendable {
    /// Enough for a minute of 2 s segments.
    private static let limit = 32

    private let entries: Mutex<[SegmentStatus]> = Mutex([])

    /// - Parameter trace: what it is called in traces; `nil` where it is in none.
    func began(_ segment: Segment, trace: String? = nil) {
        var status = SegmentStatus(segment)
        status.trace = trace
        entries.withLock { entries in
            if entries.count == Self.limit { entries.removeFirst() }
            entries.append(status)
        }
    }

    func ended(_ sequence: SegmentSequence, _ timeline: SegmentTimeline, failure: SegmentFailure?) {
        entries.withLock { entries in
            guard let index = entries.lastIndex(where: { $0.sequence == sequence.rawValue }) else { return }
            entries[index].follow(timeline)
            entries[index].failure = failure?.description
        }
    }

    var newest: SegmentStatus? { entries.withLock { $0.last } }

    var all: [SegmentStatus] { entries.withLock { $0 } }
}

/// One segment on the status page. Times are milliseconds after the cut; `nil` while it has not happened.
package struct SegmentStatus: Codable, Sendable {
    package var sequence: Int64
    package var durationMs: Double
    package var bytes: Int
    package var firstByteToCutMs: Double
    package var sourcePublishedMs: Double?
    package var acceptedMs: Double?
    /// In profile order.
    package var renditionsMs: [Double?] = []
    package var publishedMs: Double?
    package var failure: String?
    /// What it is called in traces.
    package var trace: String?

    init(_ segment: Segment) {
        sequence = segment.sequence.rawValue
        durationMs = segment.duration.inMilliseconds
        bytes = segment.bytes.readableBytes
        firstByteToCutMs = segment.timeline.firstByte.duration(to: segment.timeline.cut).inMilliseconds
        follow(segment.timeline)
    }

    mutating func follow(_ timeline: SegmentTimeline) {
        func sinceCut(_ instant: ContinuousClock.Instant?) -> Double? {
            instant.map { timeline.cut.duration(to: $0).inMilliseconds }
        }
        sourcePublishedMs = sinceCut(timeline.sourcePublished)
        acceptedMs = sinceCut(timeline.accepted)
        renditionsMs = timeline.renditions.map(sinceCut)
        publishedMs = sinceCut(timeline.published)
    }
}
