import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// A transcode service that does at once what the test says.
final class ScriptedService: TranscodeService {
    private struct Script {
        var failure: SegmentFailure?
        var isFull = false
        var served: SessionID?
        var ended: [SessionID] = []
        var jobs = 0
        var gate: Gate?
        var keyFrameAfter: [Int64?] = []
    }

    private let script = Mutex(Script())
    /// A job was taken in.
    let started = Gate()
    /// Someone stopped waiting for a job before its end.
    let abandoned = Gate()

    let capabilities = CapabilitySet.networkDefault
    let takesStreamedSegments = true
    var ended: [SessionID] { script.withLock { $0.ended } }
    /// Of the last streamed job.
    var keyFrameAfter: [Int64?] { script.withLock { $0.keyFrameAfter } }
    var jobs: Int { script.withLock { $0.jobs } }

    static func rendition(_ index: Int) -> String { "rendition \(index), long enough to count" }

    func fail(with failure: SegmentFailure) { script.withLock { $0.failure = failure } }

    /// Jobs from now on are taken in and then wait.
    func hold(until gate: Gate) { script.withLock { $0.gate = gate } }

    /// Full from now on, until `served` ends.
    func close(except served: SessionID?) {
        script.withLock {
            $0.isFull = true
            $0.served = served
        }
    }

    func transcode(_ job: SegmentJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let (failure, gate) = script.withLock {
            $0.jobs += 1
            return ($0.failure, $0.gate)
        }
        let (events, continuation) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        if let failure {
            continuation.finish(throwing: failure)
            return events
        }
        continuation.onTermination = { [abandoned] reason in
            if case .cancelled = reason { abandoned.open() }
        }
        continuation.yield(.accepted)
        started.open()
        if let gate {
            gate.whenOpen { Self.answer(job, continuation) }
        } else {
            Self.answer(job, continuation)
        }
        return events
    }

    /// Each rendition is the source, piece by piece as it comes in.
    func transcode(_ job: StreamedJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let failure = script.withLock {
            $0.jobs += 1
            $0.keyFrameAfter = job.keyFrameAfter
            return $0.failure
        }
        let (events, continuation) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        if let failure {
            continuation.finish(throwing: failure)
            return events
        }
        continuation.yield(.accepted)
        started.open()
        let task = Task { [abandoned] in
            do {
                for try await piece in job.feed.pieces() {
                    for index in job.profiles.indices { continuation.yield(.renditionBytes(rendition: index, piece)) }
                }
                for index in job.profiles.indices {
                    continuation.yield(.renditionComplete(rendition: index, facts: RenditionFacts(pixels: Int64(10 + index))))
                }
                continuation.yield(.finished)
                continuation.finish()
            } catch {
                // The feed may be given up before the answer is.
                abandoned.open()
                continuation.finish(throwing: error as? SegmentFailure ?? SegmentFailure(.cancelled, "\(error)"))
            }
        }
        continuation.onTermination = { [abandoned] reason in
            if case .cancelled = reason { abandoned.open() }
            task.cancel()
        }
        return events
    }

    private static func answer(_ job: SegmentJob, _ continuation: AsyncThrowingStream<SegmentEvent, any Error>.Continuation) {
        for index in job.profiles.indices {
            continuation.yield(.renditionBytes(rendition: index, ByteBuffer(string: rendition(index))))
            continuation.yield(.renditionComplete(rendition: index, facts: RenditionFacts(pixels: Int64(10 + index))))
        }
        continuation.yield(.finished)
        continuation.finish()
    }

    func hasRoom(for session: SessionID?) -> Bool {
        script.withLock { !$0.isFull || (session != nil && session == $0.served) }
    }

    func end(_ session: SessionID) async {
        script.withLock {
            $0.ended.append(session)
            if session == $0.served { $0.isFull = false }
        }
    }
}
