import NIOCore
import SluiceMedia
import SluiceTypes
import Synchronization

/// One session's work, one segment after another, on whichever media thread is free.
final class TranscodeLane: Sendable {
    /// One segment in the lane; cancelling it stops it at the next frame, or before it begins.
    final class Ticket: Sendable {
        private let cancelled = Atomic<Bool>(false)

        var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
        func cancel() { cancelled.store(true, ordering: .relaxed) }
    }

    private struct Item: Sendable {
        var job: SegmentJob
        var ticket: Ticket
        var event: @Sendable (SegmentEvent) -> Void
        var completion: @Sendable (Result<Int64, SegmentFailure>) -> Void
    }

    private struct State {
        var waiting: [Item] = []
        var isBusy = false
    }

    /// FFmpeg's contexts of the session. Not Sendable by nature; the box is handed from job to job through `state`, whose lock
    /// orders them, and `isBusy` lets only one job at a time touch it: that is the proof.
    private struct Box: @unchecked Sendable {
        let session: TranscodeSession
    }

    private let executor: MediaExecutor
    private let box: Box
    private let state = Mutex(State())

    init(settings: TranscodeSession.Settings, executor: MediaExecutor) {
        self.executor = executor
        self.box = Box(session: TranscodeSession(settings: settings))
    }

    /// - Parameters:
    ///   - event: on a media thread, in order.
    ///   - completion: once, on a media thread, with the pixels encoded.
    func enqueue(
        _ job: SegmentJob, event: @escaping @Sendable (SegmentEvent) -> Void,
        completion: @escaping @Sendable (Result<Int64, SegmentFailure>) -> Void
    ) -> Ticket {
        let ticket = Ticket()
        let starts = state.withLock { state in
            // Bounded by admission.
            state.waiting.append(Item(job: job, ticket: ticket, event: event, completion: completion))
            defer { state.isBusy = true }
            return !state.isBusy
        }
        if starts { executor.submit { self.work() } }
        return ticket
    }

    private func work() {
        let next = state.withLock { state -> Item? in
            if state.waiting.isEmpty {
                state.isBusy = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        guard let item = next else { return }
        item.completion(transcode(item))
        // Back to the end of the line: sessions share the threads segment by segment.
        executor.submit { self.work() }
    }

    private func transcode(_ item: Item) -> Result<Int64, SegmentFailure> {
        guard !item.ticket.isCancelled else { return .failure(SegmentFailure(.cancelled, "cancelled before it began")) }
        let pixels = Mutex<Int64>(0)
        do throws(SegmentFailure) {
            try box.session.transcode(item.job, isCancelled: { item.ticket.isCancelled }) { index, bytes, facts in
                pixels.withLock { $0 += facts.pixels }
                item.event(.renditionBytes(rendition: index, bytes))
                item.event(.renditionComplete(rendition: index, facts: facts))
            }
        } catch {
            return .failure(error)
        }
        item.event(.finished)
        return .success(pixels.withLock { $0 })
    }
}
