import NIOCore
import SluiceTypes
import Synchronization

/// One job at one orchestrator: follows its events, checks them, and ends at the deadline.
final class Exchange: Sendable {
    struct Seen: Sendable {
        var accepted: ContinuousClock.Instant?
        /// By place in the stream's profiles.
        var completed: [Int: ContinuousClock.Instant] = [:]
    }

    /// Largest rendition taken in: the reference's limit for a segment (specs/transcoding-protocol §8).
    static let largestRendition = 300_000_000

    private let job: SegmentJob
    private let places: [Int]
    private let orchestrator: OrchestratorID
    private let rendition: @Sendable (Int, SegmentOutcome.Rendition) -> Void
    private let state = Mutex(Seen())

    /// - Parameter places: for each profile of the job, its place in the stream's list.
    init(
        job: SegmentJob, places: [Int], orchestrator: OrchestratorID,
        rendition: @escaping @Sendable (Int, SegmentOutcome.Rendition) -> Void
    ) {
        self.job = job
        self.places = places
        self.orchestrator = orchestrator
        self.rendition = rendition
    }

    var seen: Seen { state.withLock { $0 } }

    /// - Returns: `nil` when every rendition of the job came.
    func run(over transport: any SegmentTransport, until: ContinuousClock.Instant) async -> SegmentFailure? {
        await withTaskGroup(of: SegmentFailure?.self) { group in
            group.addTask { await self.follow(transport.send(self.job, to: self.orchestrator)) }
            group.addTask {
                do {
                    try await Task.sleep(until: until, clock: .continuous)
                } catch {
                    return SegmentFailure(.cancelled, "the attempt was cancelled")
                }
                return SegmentFailure(.timedOut, "no complete answer within this attempt's share of the deadline")
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private func follow(_ events: AsyncThrowingStream<SegmentEvent, any Error>) async -> SegmentFailure? {
        var collected: [ByteBuffer] = job.profiles.map { _ in ByteBuffer() }
        var isComplete = job.profiles.map { _ in false }
        var hasFinished = false
        do {
            for try await event in events {
                switch event {
                case .accepted:
                    state.withLock { $0.accepted = .now }
                case .renditionBytes(let index, var bytes):
                    guard collected.indices.contains(index), !isComplete[index] else {
                        return SegmentFailure(.protocolViolation, "bytes of rendition \(index), which was not asked for or is complete")
                    }
                    guard collected[index].readableBytes + bytes.readableBytes <= Self.largestRendition else {
                        return SegmentFailure(.protocolViolation, "rendition \(index) is over \(Self.largestRendition) bytes")
                    }
                    if collected[index].readableBytes == 0 { collected[index] = bytes } else { collected[index].writeBuffer(&bytes) }
                case .renditionComplete(let index, let facts):
                    guard collected.indices.contains(index), !isComplete[index], collected[index].readableBytes > 0 else {
                        return SegmentFailure(.protocolViolation, "rendition \(index) ended empty, twice, or was not asked for")
                    }
                    isComplete[index] = true
                    state.withLock { $0.completed[places[index]] = .now }
                    rendition(
                        places[index],
                        SegmentOutcome.Rendition(bytes: collected[index], facts: facts, orchestrator: orchestrator))
                case .finished:
                    hasFinished = true
                }
            }
        } catch let failure as SegmentFailure {
            return failure
        } catch is CancellationError {
            return SegmentFailure(.cancelled, "the attempt was cancelled")
        } catch {
            return SegmentFailure(.unreachable, "\(error)")
        }
        guard isComplete.allSatisfy({ $0 }) else {
            let came = isComplete.count { $0 }
            let end = hasFinished ? "said it was finished" : "stopped"
            return SegmentFailure(.protocolViolation, "\(orchestrator) \(end) after \(came) of \(isComplete.count) renditions")
        }
        return nil
    }
}
