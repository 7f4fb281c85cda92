package import SluiceMedia
import SluiceTypes

/// Turns pushed bytes into a segment with facts. FFmpeg reads them on a media thread; the bytes themselves are not touched.
package struct DemuxStage: Sendable {
    private let executor: MediaExecutor

    package init(executor: MediaExecutor) { self.executor = executor }

    /// What the bytes of a pushed segment turned out to be.
    struct Inspected: Sendable {
        var facts: SegmentFacts
        var hash: [UInt8]

        /// As the pusher says, else as measured.
        func duration(of pushed: PushedSegment) -> Duration { pushed.declaredDuration ?? facts.duration }
    }

    /// - Throws: `PushFailure.unusableMedia` with what is wrong and what would be right.
    func inspect(_ pushed: PushedSegment) async throws(PushFailure) -> Inspected {
        do {
            return try await executor.run {
                Inspected(
                    facts: try SegmentInspector.inspect(pushed.bytes, container: pushed.container),
                    hash: Keccak256.hash(pushed.bytes))
            }
        } catch {
            throw .unusableMedia("segment \(pushed.sequence) of \(pushed.stream): \(error)")
        }
    }

    func segment(from pushed: PushedSegment, _ inspected: Inspected, as sequence: SegmentSequence) -> Segment {
        let facts = inspected.facts
        let timeline = SegmentTimeline(
            firstByteWallClock: pushed.firstByteWallClock, lastByteWallClock: wallClockNanoseconds(),
            firstByte: pushed.firstByte, cut: .now)
        return Segment(
            stream: pushed.stream, sequence: sequence, container: pushed.container, bytes: pushed.bytes,
            start: facts.start, duration: inspected.duration(of: pushed), startsDiscontinuity: false,
            video: facts.video, audio: facts.audio, videoFrames: facts.videoFrames, hash: inspected.hash, timeline: timeline)
    }
}
