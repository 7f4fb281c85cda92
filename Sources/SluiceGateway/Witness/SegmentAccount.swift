import NIOCore
import SluiceRouting
import SluiceTypes
import Synchronization

/// Gathers a segment's story from those who know a part of it, in whatever order they come, and tells it once.
final class SegmentAccount: Sendable {
    private struct State {
        var listings: [SegmentStory.Listing?]
        var end: (timeline: SegmentTimeline, failure: SegmentFailure?)?
        var decision: RouteDecision?
        var isDecided = false
        var isTold = false
    }

    private let segment: Segment
    private let renditions: [String]
    private let tell: @Sendable (SegmentStory) -> Void
    private let state: Mutex<State>

    init(_ segment: Segment, renditions: [String], tell: @escaping @Sendable (SegmentStory) -> Void) {
        self.segment = segment
        self.renditions = renditions
        self.tell = tell
        state = Mutex(State(listings: renditions.map { _ in nil }))
    }

    func listed(_ rendition: String, _ listing: SegmentStory.Listing) {
        guard let place = renditions.firstIndex(of: rendition) else { return }
        change { $0.listings[place] = listing }
    }

    func ended(_ timeline: SegmentTimeline, _ failure: SegmentFailure?) { change { $0.end = (timeline, failure) } }

    /// Everything has come of the decision, canaries too. `nil` where there was none.
    func decided(_ decision: RouteDecision?) {
        change { state in
            state.decision = decision
            state.isDecided = true
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let story: SegmentStory? = state.withLock { state in
            body(&state)
            guard !state.isTold, state.isDecided, let end = state.end else { return nil }
            let listings = state.listings.compactMap(\.self)
            guard listings.count == renditions.count else { return nil }
            state.isTold = true
            return SegmentStory(
                stream: segment.stream, sequence: segment.sequence, duration: segment.duration, byteCount: segment.bytes.readableBytes,
                renditions: renditions, timeline: end.timeline, listings: listings, decision: state.decision, failure: end.failure)
        }
        if let story { tell(story) }
    }
}
