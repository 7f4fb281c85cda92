import NIOCore
import SluiceRouting
import SluiceTypes

/// One job at one orchestrator: follows its events, checks them, and passes on what is whole.
struct Exchange: Sendable {
    /// Largest rendition taken in: the reference's limit for a segment (specs/transcoding-protocol §8).
    static let largestRendition = 300_000_000

    let job: SegmentJob
    /// For each profile of the job, its place in the stream's list.
    let places: [Int]
    let orchestrator: OrchestratorID
    /// All but the renditions themselves; `finished` or `failed` is the last one. Nothing follows an abort.
    let event: @Sendable (AttemptEvent) -> Void
    let rendition: @Sendable (_ place: Int, SegmentOutcome.Rendition) -> Void

    /// Returns after the last event, or soon after `abort` opened or the task was cancelled.
    func run(over transport: any SegmentTransport, until abort: Gate) async {
        await withTaskGroup(of: AttemptEvent?.self) { group in
            group.addTask {
                if let failure = await follow(transport.send(job, to: orchestrator)) { return .failed(failure) }
                return .finished
            }
            group.addTask {
                await abort.opened()
                return nil
            }
            if let last = await group.next() ?? nil { event(last) }
            group.cancelAll()
            abort.open()
        }
    }

    private func follow(_ events: AsyncThrowingStream<SegmentEvent, any Error>) async -> SegmentFailure? {
        var collected: [ByteBuffer] = job.profiles.map { _ in ByteBuffer() }
        var isComplete = job.profiles.map { _ in false }
        var hasFinished = false
        var isTranscoded = false
        var hasBytes = false
        do {
            for try await happened in events {
                switch happened {
                case .accepted:
                    event(.accepted)
                case .transcoded:
                    isTranscoded = true
                    event(.transcoded)
                case .renditionBytes(let index, var bytes):
                    guard collected.indices.contains(index), !isComplete[index] else {
                        return SegmentFailure(.protocolViolation, "bytes of rendition \(index), which was not asked for or is complete")
                    }
                    guard collected[index].readableBytes + bytes.readableBytes <= Self.largestRendition else {
                        return SegmentFailure(.protocolViolation, "rendition \(index) is over \(Self.largestRendition) bytes")
                    }
                    if !hasBytes {
                        hasBytes = true
                        if !isTranscoded { event(.transcoded) }
                        event(.firstByte)
                    }
                    if collected[index].readableBytes == 0 { collected[index] = bytes } else { collected[index].writeBuffer(&bytes) }
                case .renditionComplete(let index, let facts):
                    guard collected.indices.contains(index), !isComplete[index], collected[index].readableBytes > 0 else {
                        return SegmentFailure(.protocolViolation, "rendition \(index) ended empty, twice, or was not asked for")
                    }
                    if let objection = RenditionCheck.objection(to: collected[index], as: job.profiles[index].container) {
                        return SegmentFailure(
                            .protocolViolation, "rendition \(index) is no media: \(objection)", castsDoubt: true)
                    }
                    isComplete[index] = true
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
