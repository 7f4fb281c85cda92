package import SluiceMedia
import SluiceTypes

/// Turns pushed bytes into a segment with facts. FFmpeg reads them on a media thread; the bytes themselves are not touched.
package struct DemuxStage: Sendable {
    private let executor: MediaExecutor

    package init(executor: MediaExecutor) { self.executor = executor }

    /// - Throws: `PushFailure.unusableMedia` with what is wrong and what would be right.
    func segment(from pushed: PushedSegment, as sequence: SegmentSequence, isFirst: Bool) async throws(PushFailure) -> Segment {
        let facts: SegmentFacts
        let hash: [UInt8]
        do {
            (facts, hash) = try await executor.run {
                (try SegmentInspector.inspect(pushed.bytes, container: pushed.container), Keccak256.hash(pushed.bytes))
            }
        } catch {
            throw .unusableMedia("segment \(pushed.sequence) of \(pushed.stream): \(error)")
        }
        let timeline = SegmentTimeline(
            firstByteWallClock: pushed.firstByteWallClock, lastByteWallClock: wallClockNanoseconds(),
            firstByte: pushed.firstByte, cut: .now)
        return Segment(
            stream: pushed.stream, sequence: sequence, container: pushed.container, bytes: pushed.bytes,
            start: facts.start, duration: pushed.declaredDuration ?? facts.duration, startsDiscontinuity: false,
            video: facts.video, audio: facts.audio, videoFrames: facts.videoFrames, hash: hash, timeline: timeline)
    }
}
