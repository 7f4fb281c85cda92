import NIOCore
import SluiceRouting
import SluiceTypes
import Synchronization

/// One segment on its way to an orchestrator from its first byte on, before routing has decided on it. What happens is kept until it is
/// claimed, and passed on as it happens from then on.
final class EarlyUpload: Sendable {
    /// Hears what each rendition brings as it comes, before anybody claims it; in order for each.
    ///
    /// - Returns: why the upload is to fail.
    typealias Listener = @Sendable (_ attempt: Int, _ rendition: Int, RenditionLine.Event) -> SegmentFailure?

    /// What became of an upload before its segment was whole.
    enum Trouble: Sendable {
        case failed
        case standsStill
    }

    private struct State {
        var pace: StreamedPace
        /// Somebody will tell when bytes come that are not answered yet.
        var isListening = false
        var events: [SegmentEvent] = []
        var size = 0
        var end: Result<Void, any Error>?
        var isGivenUp = false
        var follower: AsyncThrowingStream<SegmentEvent, any Error>.Continuation?
    }

    /// A publisher silent for so long has the early way given up: half of what an orchestrator waits, which must not be blamed for it.
    private static let mostSilence: Duration = .seconds(4)

    let job: StreamedJob
    let orchestrator: OrchestratorID
    /// Which one of its segment's.
    let attempt: Int
    private let heard: Listener
    private let origin = ContinuousClock.now
    private let state: Mutex<State>
    private let abort = Gate()
    /// Finishes with the end, of whatever kind.
    private let over: AsyncStream<Never>
    private let signalOver: AsyncStream<Never>.Continuation

    /// - Parameter roundTrip: seconds to the orchestrator and back, where that is known.
    init(
        job: StreamedJob, orchestrator: OrchestratorID, attempt: Int = 0, roundTrip: Double = 0,
        _ heard: @escaping Listener = { _, _, _ in nil }
    ) {
        self.job = job
        self.orchestrator = orchestrator
        self.attempt = attempt
        self.heard = heard
        (over, signalOver) = AsyncStream.makeStream(of: Never.self)
        state = Mutex(State(pace: StreamedPace(roundTrip: roundTrip)))
    }

    /// Returns when the exchange has ended, or soon after `cancel`.
    func run(over transport: any SegmentTransport) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { self.end(await self.follow(transport.stream(self.job, to: self.orchestrator))) }
            group.addTask { [abort] in await abort.opened() }
            group.addTask { await self.watch() }
            await group.next()
            group.cancelAll()
            abort.open()
        }
    }

    /// Waits for trouble, once; `nil` when the segment is whole, or the upload was given up, before there is any.
    func trouble() async -> Trouble? {
        listen()
        return await withTaskGroup(of: Trouble?.self) { group in
            group.addTask { [over] in
                for await _ in over {}
                return .failed
            }
            group.addTask { await self.stillness() }
            let first = await group.next() ?? nil
            group.cancelAll()
            guard case .failed = first else { return first }
            let hasFailed = state.withLock { state in
                if case .failure = state.end { !state.isGivenUp } else { false }
            }
            return hasFailed && !isCut ? .failed : nil
        }
    }

    /// Fails unless it moves again soon: somebody else has the segment by now, and after the cut nobody is to wait for this one.
    func failIfStill() async {
        let limit = state.withLock { $0.pace.limit }
        do { try await Task.sleep(for: .seconds(limit * Self.patience)) } catch { return }
        failIfStillNow()
    }

    /// As `failIfStill`, at the cut.
    func failIfStillNow() {
        guard isStill else { return }
        end(.failure(SegmentFailure(.timedOut, "\(orchestrator) gave nothing back of a segment that was being cut")))
        abort.open()
    }

    /// How much longer than until it is noticed one that stands still is borne with.
    private static let patience = 3.0

    var isStill: Bool {
        let now = now
        return state.withLock { $0.end == nil && $0.pace.stillAt.map { $0 <= now } ?? false }
    }

    private var isCut: Bool { job.feed.next(at: .max) != nil }
    private var now: Moment { Moment(seconds: origin.duration(to: .now).inSeconds) }

    /// Returns when nothing has come back for too long, or `nil` when the segment is whole.
    private func stillness() async -> Trouble? {
        while !isCut {
            if isStill {
                for rendition in job.profiles.indices { _ = heard(attempt, rendition, .stalled) }
                return .standsStill
            }
            let now = now
            let wait = state.withLock { state in state.pace.stillAt?.seconds(since: now) ?? state.pace.limit }
            do { try await Task.sleep(for: .seconds(wait), tolerance: .milliseconds(1)) } catch { return nil }
        }
        return nil
    }

    /// Is told when bytes come that are not answered yet.
    private func listen() {
        let isNew = state.withLock { state in
            defer { state.isListening = true }
            return !state.isListening && state.end == nil
        }
        guard isNew else { return }
        _ = job.feed.whenReady(at: job.feed.count) { [weak self] in
            guard let self, !self.isCut else { return }
            let now = self.now
            self.state.withLock { state in
                state.isListening = false
                state.pace.fed(at: now)
            }
        }
    }

    /// By us, so that it says nothing of the orchestrator, and the segment may go there whole.
    var isGivenUp: Bool { state.withLock { $0.isGivenUp } }

    /// Nobody wants it any more.
    func cancel() {
        state.withLock { if $0.end == nil { $0.isGivenUp = true } }
        end(.failure(SegmentFailure(.cancelled, "the segment went another way")))
        // Last: what the exchange says of being stopped must not come before why it was.
        abort.open()
    }

    /// Everything that happened and will happen. To be called once; who stops iterating cancels the upload.
    func claim() -> AsyncThrowingStream<SegmentEvent, any Error> {
        let (events, follower) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        follower.onTermination = { [weak self] termination in
            if case .cancelled = termination { self?.cancel() }
        }
        state.withLock { state in
            for event in state.events { follower.yield(event) }
            state.events = []
            state.follower = follower
            if let end = state.end { Self.finish(follower, end) }
        }
        return events
    }

    /// Returns when the publisher has been silent for too long; waits for the cancellation once the segment is whole.
    private func watch() async {
        var seen = -1
        while job.feed.next(at: .max) == nil {
            let size = job.feed.size
            if size == seen { return cancel() }
            seen = size
            do { try await Task.sleep(for: Self.mostSilence) } catch { return }
        }
        await abort.opened()
    }

    private func follow(_ events: AsyncThrowingStream<SegmentEvent, any Error>) async -> Result<Void, any Error> {
        do {
            for try await event in events {
                if let failure = tell(event) { throw failure }
                try note(event)
            }
            try Task.checkCancellation()
            return .success(())
        } catch is CancellationError {
            return .failure(SegmentFailure(.cancelled, "the upload was cancelled"))
        } catch {
            return .failure(error)
        }
    }

    /// Viewers first, as for the source.
    private func tell(_ event: SegmentEvent) -> SegmentFailure? {
        switch event {
        case .renditionBytes(let rendition, let bytes):
            if rendition == 0 { answered() }
            return heard(attempt, rendition, .bytes(bytes))
        case .renditionComplete(let rendition, _): return heard(attempt, rendition, .complete)
        case .accepted, .transcoded, .finished: return nil
        }
    }

    private func answered() {
        let now = now
        state.withLock { $0.pace.answered(at: now) }
        listen()
    }

    /// Under the lock, so that what was kept goes before what comes.
    private func note(_ event: SegmentEvent) throws {
        try state.withLock { state in
            if let follower = state.follower {
                follower.yield(event)
                return
            }
            if case .renditionBytes(let rendition, let bytes) = event {
                state.size += bytes.readableBytes
                guard state.size <= Exchange.largestRendition else {
                    throw SegmentFailure(.protocolViolation, "rendition \(rendition) is over \(Exchange.largestRendition) bytes")
                }
            }
            state.events.append(event)
        }
    }

    private func end(_ result: Result<Void, any Error>) {
        let isFirst = state.withLock { state in
            guard state.end == nil else { return false }
            state.end = result
            if let follower = state.follower { Self.finish(follower, result) }
            return true
        }
        guard isFirst else { return }
        if case .failure(let failure) = result {
            let isBroken = (failure as? SegmentFailure)?.castsDoubt ?? false
            for rendition in job.profiles.indices { _ = heard(attempt, rendition, .lost(isBroken: isBroken)) }
        }
        signalOver.finish()
    }

    private static func finish(
        _ follower: AsyncThrowingStream<SegmentEvent, any Error>.Continuation, _ result: Result<Void, any Error>
    ) {
        switch result {
        case .success: follower.finish()
        case .failure(let failure): follower.finish(throwing: failure)
        }
    }
}
