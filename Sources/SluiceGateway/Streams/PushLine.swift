import SluiceTypes
import Synchronization

/// What happens to one pushed segment after it was taken, in order; `ended` is the last.
enum PushProgress: Sendable {
    case rendition(Int, TranscodeProfile, SegmentOutcome.Rendition)
    case ended(SegmentFailure?)
}

/// The pushed segments of one publisher's time with a stream, on their way into its pipeline.
final class PushLine: Sendable {
    struct Item: Sendable {
        var number: SegmentSequence
        /// Makes the segment once its place in the stream is known.
        var segment: @Sendable (SegmentSequence) -> Segment
        var slice: SegmentSlice?
        var progress: AsyncStream<PushProgress>.Continuation
    }

    private struct State {
        var order: PushOrder<Item, ContinuousClock.Instant>
        /// Added to every number, so that a pusher who starts again at 0 goes on behind what was there. Known with the first one.
        var offset: Int64?
    }

    private let pipeline: StreamPipeline
    private let state: Mutex<State>

    init(pipeline: StreamPipeline, settings: GatewaySettings) {
        self.pipeline = pipeline
        self.state = Mutex(State(order: PushOrder(patience: settings.pushReorder, most: settings.maxWaiting)))
    }

    var isHolding: Bool { state.withLock { $0.order.isHolding } }

    /// Whether the stream has gone on beyond this number.
    func isPast(_ number: SegmentSequence) -> Bool { state.withLock { $0.order.isPast(number.rawValue) } }

    /// - Returns: when to call `expire` for it.
    /// - Throws: `PushFailure.staleSequence`.
    func enter(_ item: Item) throws(PushFailure) -> ContinuousClock.Instant {
        let entry = state.withLock { state in
            let entry = state.order.enter(item.number.rawValue, item, at: .now)
            goOn(&state)
            return entry
        }
        switch entry {
        case .entered(let until): return until
        case .stale(let newest): throw .staleSequence(item.number, newest: SegmentSequence(newest))
        }
    }

    /// Waits no longer for the numbers before this one.
    func expire(_ number: SegmentSequence) {
        state.withLock { state in
            state.order.expire(number.rawValue, at: .now)
            goOn(&state)
        }
    }

    /// Under the lock: two that come at the same time must not overtake each other on their way into the pipeline.
    private func goOn(_ state: inout State) {
        for (number, item) in state.order.ready(at: .now) {
            let newest = pipeline.output.newest?.rawValue ?? -1
            let offset = state.offset ?? (number <= newest ? newest &+ 1 &- number : 0)
            state.offset = offset
            let progress = item.progress
            let isTaken = pipeline.accept(
                item.segment(SegmentSequence(number &+ offset)), onlyIfNewer: true, slice: item.slice,
                completion: { outcome in
                    progress.yield(.ended(outcome.failure))
                    progress.finish()
                }, rendition: { progress.yield(.rendition($0, $1, $2)) })
            if !isTaken {
                progress.yield(.ended(SegmentFailure(.cancelled, "the stream ended or moved on")))
                progress.finish()
            }
        }
    }
}
