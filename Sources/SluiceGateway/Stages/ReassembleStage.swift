import NIOCore
import SluiceRouting
import SluiceTypes
import Synchronization

/// Gives each rendition back in the order of its segments. One rendition never waits for another.
final class ReassembleStage: Sendable {
    enum Outcome: Sendable {
        case made(ByteBuffer)
        /// A smaller rendition of the same segment in its place.
        case lower(ByteBuffer)
        case source
        case gap
    }

    private struct Settled: Sendable {
        var segment: Segment
        var outcome: Outcome
        var account: SegmentAccount?
    }

    private let windows: Mutex<[ReassemblyWindow<Settled>]>
    private let packaging: PackageStage

    init(renditions: Int, packaging: PackageStage) {
        self.windows = Mutex((0..<renditions).map { _ in ReassemblyWindow() })
        self.packaging = packaging
    }

    func settle(_ rendition: Int, ordinal: Int64, _ segment: Segment, _ outcome: Outcome, _ account: SegmentAccount? = nil) {
        // Published under the lock: two threads that settle neighbours must not overtake each other.
        windows.withLock { windows in
            for ready in windows[rendition].settle(ordinal, Settled(segment: segment, outcome: outcome, account: account)) {
                let turn: ContinuousClock.Instant? = ready.account.map { _ in .now }
                packaging.publish(rendition, of: ready.segment, ready.outcome)
                guard let turn else { continue }
                ready.account?.listed(rendition, .init(content: ready.outcome.content, turn: turn, listed: .now))
            }
        }
    }
}

extension ReassembleStage.Outcome {
    fileprivate var content: SegmentStory.Listing.Content {
        switch self {
        case .made: .made
        case .lower: .lower
        case .source: .source
        case .gap: .gap
        }
    }
}
