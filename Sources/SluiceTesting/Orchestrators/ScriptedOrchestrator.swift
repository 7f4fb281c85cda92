package import NIOCore
package import SluiceTypes
import Synchronization

/// Orchestrators that do what a test tells them, each by its own script; a job pops one behaviour, the last one stays.
package final class ScriptedOrchestrator: SegmentTransport {
    package enum Behaviour: Sendable {
        /// Every rendition at once, with these bytes.
        case answer(ByteBuffer)
        /// Takes the job and is silent until the caller gives up.
        case never
        /// Refuses before `accepted`.
        case refuse(SegmentFailure)
        /// Takes the job, then fails.
        case fail(SegmentFailure)
        /// The first rendition's bytes, not complete, then the connection breaks.
        case half(ByteBuffer)
        /// So many complete renditions, whatever was asked for, then `finished`.
        case count(Int, ByteBuffer)
        /// As `answer`, the last profile's rendition first.
        case backwards(ByteBuffer)
        /// As `answer`, once the gate is open.
        case gated(ScriptGate, ByteBuffer)
        /// Each rendition is the source, a streamed segment's piece by piece as it comes in; the connection breaks after so many
        /// pieces.
        case echo(breaksAfter: Int? = nil)
    }

    package struct Sent: Hashable, Sendable {
        package var orchestrator: OrchestratorID
        package var stream: StreamID
        package var sequence: SegmentSequence
        package var slice: SegmentSlice?
        package var isStreamed = false
        package var keyFrameAfter: [Int64?] = []
    }

    private typealias Continuation = AsyncThrowingStream<SegmentEvent, any Error>.Continuation

    private struct State {
        var scripts: [OrchestratorID: [Behaviour]]
        var sent: [Sent] = []
        var ended: [StreamID] = []
        var abandoned = 0
    }

    private let state: Mutex<State>

    package init(_ scripts: [OrchestratorID: [Behaviour]]) { state = Mutex(State(scripts: scripts)) }

    /// Every job in the order of sending.
    package var sent: [Sent] { state.withLock { $0.sent } }
    package var ended: [StreamID] { state.withLock { $0.ended } }
    /// Jobs whose caller stopped iterating before their end.
    package var abandoned: Int { state.withLock { $0.abandoned } }

    package func script(_ behaviours: [Behaviour], for orchestrator: OrchestratorID) {
        state.withLock { $0.scripts[orchestrator] = behaviours }
    }

    package func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let feed = SegmentFeed()
        feed.append(job.segment.bytes)
        feed.finish(hash: job.segment.hash ?? [])
        return perform(
            Sent(orchestrator: orchestrator, stream: job.segment.stream, sequence: job.segment.sequence, slice: job.slice),
            of: job.profiles.count, feed)
    }

    /// As `send`; what comes back with renditions comes once the feed has ended, but for `echo` and what breaks off.
    package func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        perform(
            Sent(
                orchestrator: orchestrator, stream: job.stream, sequence: job.sequence, isStreamed: true, keyFrameAfter: job.keyFrameAfter),
            of: job.profiles.count, job.feed)
    }

    package func end(_ stream: StreamID) async {
        state.withLock { $0.ended.append(stream) }
    }

    private func perform(_ sent: Sent, of count: Int, _ feed: SegmentFeed) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        continuation.onTermination = { [weak self] termination in
            if case .cancelled = termination { self?.state.withLock { $0.abandoned += 1 } }
        }
        let behaviour = state.withLock { state -> Behaviour? in
            state.sent.append(sent)
            guard let script = state.scripts[sent.orchestrator], let first = script.first else { return nil }
            if script.count > 1 { state.scripts[sent.orchestrator] = Array(script.dropFirst()) }
            return first
        }
        perform(behaviour ?? .refuse(SegmentFailure(.unreachable, "no script for \(sent.orchestrator)")), of: count, feed, continuation)
        return events
    }

    private func perform(_ behaviour: Behaviour, of renditions: Int, _ feed: SegmentFeed, _ continuation: Continuation) {
        if case .refuse(let failure) = behaviour { return continuation.finish(throwing: failure) }
        continuation.yield(.accepted)
        func onceWhole(_ body: @escaping @Sendable () -> Void) {
            _ = feed.whenReady(at: .max) {
                if case .abandoned(let failure) = feed.next(at: .max) { return continuation.finish(throwing: failure) }
                body()
            }
        }
        switch behaviour {
        case .refuse, .never: break
        case .answer(let bytes): onceWhole { Self.answer(0..<renditions, bytes, continuation) }
        case .count(let count, let bytes): onceWhole { Self.answer(0..<count, bytes, continuation) }
        case .backwards(let bytes): onceWhole { Self.answer((0..<renditions).reversed(), bytes, continuation) }
        case .fail(let failure): continuation.finish(throwing: failure)
        case .half(let bytes):
            continuation.yield(.renditionBytes(rendition: 0, bytes))
            continuation.finish(throwing: SegmentFailure(.unreachable, "broke off"))
        case .gated(let gate, let bytes):
            onceWhole { gate.whenOpen { Self.answer(0..<renditions, bytes, continuation) } }
        case .echo(let limit): Self.echo(0..<renditions, feed, limit, continuation)
        }
    }

    private static func echo(
        _ renditions: Range<Int>, _ feed: SegmentFeed, _ limit: Int?, _ continuation: Continuation, from first: Int = 0
    ) {
        var index = first
        while true {
            if index == limit { return continuation.finish(throwing: SegmentFailure(.unreachable, "broke off")) }
            switch feed.next(at: index) {
            case .piece(let piece):
                for rendition in renditions { continuation.yield(.renditionBytes(rendition: rendition, piece)) }
                index += 1
            case .end:
                for rendition in renditions {
                    continuation.yield(.renditionComplete(rendition: rendition, facts: RenditionFacts(pixels: 1)))
                }
                return finish(continuation)
            case .abandoned(let failure): return continuation.finish(throwing: failure)
            case nil:
                let place = index
                _ = feed.whenReady(at: place) { echo(renditions, feed, limit, continuation, from: place) }
                return
            }
        }
    }

    private static func answer(_ renditions: some Sequence<Int>, _ bytes: ByteBuffer, _ continuation: Continuation) {
        for index in renditions {
            continuation.yield(.renditionBytes(rendition: index, bytes))
            continuation.yield(.renditionComplete(rendition: index, facts: RenditionFacts(pixels: 1)))
        }
        finish(continuation)
    }

    private static func finish(_ continuation: Continuation) {
        continuation.yield(.finished)
        continuation.finish()
    }
}

/// Holds scripted answers back until a test opens it; stays open.
package final class ScriptGate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    package func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }

    func whenOpen(_ body: @escaping @Sendable () -> Void) {
        let isOpen = state.withLock { state in
            if !state.isOpen { state.waiting.append(body) }
            return state.isOpen
        }
        if isOpen { body() }
    }
}
