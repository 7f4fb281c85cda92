import NIOCore
import SluiceMedia
import SluiceTypes
import Synchronization

/// One session's work, one segment after another: a whole one on whichever media thread is free, a streamed one on its own.
final class TranscodeLane: Sendable {
    enum Job: Sendable {
        case whole(SegmentJob)
        case streamed(StreamedJob)
    }

    /// One segment in the lane; cancelling it stops it at the next frame, or before it begins.
    final class Ticket: Sendable {
        private let cancelled = Atomic<Bool>(false)
        fileprivate let reader: FeedReader?

        fileprivate init(_ job: Job) {
            reader = if case .streamed(let job) = job { FeedReader(job.feed) } else { nil }
        }

        var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
        func cancel() {
            cancelled.store(true, ordering: .relaxed)
            reader?.cancel()
        }
    }

    private struct Item: Sendable {
        var job: Job
        var ticket: Ticket
        var event: @Sendable (SegmentEvent) -> Void
        var completion: @Sendable (Result<Int64, SegmentFailure>) -> Void
    }

    private struct State {
        var waiting: [Item] = []
        var isBusy = false
        /// Of the job that runs.
        var ticket: Ticket?
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
    ///   - event: on threads of ours; those of one rendition in order.
    ///   - completion: once, on a media thread, with the pixels encoded.
    func enqueue(
        _ job: Job, event: @escaping @Sendable (SegmentEvent) -> Void,
        completion: @escaping @Sendable (Result<Int64, SegmentFailure>) -> Void
    ) -> Ticket {
        let ticket = Ticket(job)
        let starts = state.withLock { state in
            // Bounded by admission.
            state.waiting.append(Item(job: job, ticket: ticket, event: event, completion: completion))
            defer { state.isBusy = true }
            return !state.isBusy
        }
        if starts { proceed() }
        return ticket
    }

    /// Gives up what is streamed: nobody counts its thread any more. Whole segments are carried through.
    func endStreamed() {
        let tickets = state.withLock { state in state.waiting.map(\.ticket) + (state.ticket.map { [$0] } ?? []) }
        for ticket in tickets where ticket.reader != nil { ticket.cancel() }
    }

    private func proceed() {
        let next = state.withLock { state -> Item? in
            state.ticket = state.waiting.first?.ticket
            if state.waiting.isEmpty {
                state.isBusy = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        guard let item = next else { return }
        let work: @Sendable () -> Void = {
            item.completion(self.transcode(item))
            self.proceed()
        }
        switch item.job {
        // At the end of the line: sessions share the threads segment by segment.
        case .whole: executor.submit(work)
        case .streamed:
            // It waits for its bytes for most of the time, which none of the few threads that all share may do. Admission bounds how
            // many sessions there are, and each has one.
            if !startMediaThread(named: "streamed", work) {
                item.completion(.failure(SegmentFailure(.transcodeFailed, "no thread for a streamed segment")))
                executor.submit { self.proceed() }
            }
        }
    }

    private func transcode(_ item: Item) -> Result<Int64, SegmentFailure> {
        guard !item.ticket.isCancelled else { return .failure(SegmentFailure(.cancelled, "cancelled before it began")) }
        let pixels = Mutex<Int64>(0)
        do throws(SegmentFailure) {
            switch item.job {
            case .whole(let job):
                try box.session.transcode(job, isCancelled: { item.ticket.isCancelled }) { index, bytes, facts in
                    pixels.withLock { $0 += facts.pixels }
                    item.event(.renditionBytes(rendition: index, bytes))
                    item.event(.renditionComplete(rendition: index, facts: facts))
                }
            case .streamed(let job):
                guard let reader = item.ticket.reader else { return .failure(SegmentFailure(.cancelled, "nobody reads the segment")) }
                try box.session.transcode(job, from: reader) { event in
                    if case .renditionComplete(_, let facts) = event { pixels.withLock { $0 += facts.pixels } }
                    item.event(event)
                }
            }
        } catch {
            return .failure(error)
        }
        item.event(.finished)
        return .success(pixels.withLock { $0 })
    }
}
