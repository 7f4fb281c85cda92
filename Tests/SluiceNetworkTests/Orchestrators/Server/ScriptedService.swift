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
    }

    private let script = Mutex(Script())

    let capabilities = CapabilitySet.networkDefault
    var ended: [SessionID] { script.withLock { $0.ended } }
    var jobs: Int { script.withLock { $0.jobs } }

    static func rendition(_ index: Int) -> String { "rendition \(index), long enough to count" }

    func fail(with failure: SegmentFailure) { script.withLock { $0.failure = failure } }

    /// Full from now on, until `served` ends.
    func close(except served: SessionID?) {
        script.withLock {
            $0.isFull = true
            $0.served = served
        }
    }

    func transcode(_ job: SegmentJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let failure = script.withLock {
            $0.jobs += 1
            return $0.failure
        }
        return AsyncThrowingStream { continuation in
            if let failure { return continuation.finish(throwing: failure) }
            continuation.yield(.accepted)
            for index in job.profiles.indices {
                continuation.yield(.renditionBytes(rendition: index, ByteBuffer(string: Self.rendition(index))))
                continuation.yield(.renditionComplete(rendition: index, facts: RenditionFacts(pixels: Int64(10 + index))))
            }
            continuation.yield(.finished)
            continuation.finish()
        }
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
