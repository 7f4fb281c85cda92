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
        var profile: TranscodeProfile
        var outcome: Outcome
        var account: SegmentAccount?
    }

    /// By their place in the output.
    private let windows: Mutex<[Int: ReassemblyWindow<Settled>]> = Mutex([:])
    private let packaging: PackageStage

    init(packaging: PackageStage) { self.packaging = packaging }

    /// Renditions that begin with a segment; what comes of one before is not waited for.
    func begin(_ places: [Int], with ordinal: Int64) {
        windows.withLock { windows in
            for place in places { windows[place] = ReassemblyWindow(firstOrdinal: ordinal) }
        }
    }

    /// - Parameter place: in the output, of one that has begun.
    func settle(
        _ place: Int, as profile: TranscodeProfile, ordinal: Int64, _ segment: Segment, _ outcome: Outcome, _ account: SegmentAccount? = nil
    ) {
        // Published under the lock: two threads that settle neighbours must not overtake each other.
        windows.withLock { windows in
            let settled = Settled(segment: segment, profile: profile, outcome: outcome, account: account)
            for ready in windows[place]?.settle(ordinal, settled) ?? [] {
                let turn: ContinuousClock.Instant? = ready.account.map { _ in .now }
                packaging.publish(place, as: ready.profile, of: ready.segment, ready.outcome)
                guard let turn else { continue }
                ready.account?.listed(ready.profile.name, .init(content: ready.outcome.content, turn: turn, listed: .now))
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
