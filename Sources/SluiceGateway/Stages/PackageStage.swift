import NIOCore
import SluiceTypes
import Synchronization

/// Puts segments into the playlists, and something honest where one is missing.
final class PackageStage: Sendable {
    private let output: StreamOutput
    private let metrics: GatewayMetrics
    /// Renditions whose last entry was of another coding: the next real one starts a discontinuity as well.
    private let standingIn: Mutex<Set<Int>> = Mutex([])

    /// `nil` where nothing is packaged for low latency.
    private let lane: PackagingLane?

    init(output: StreamOutput, metrics: GatewayMetrics, lane: PackagingLane?) {
        self.output = output
        self.metrics = metrics
        self.lane = lane
    }

    /// Makes parts of what comes whole, until `finish`.
    func run() async { await lane?.run() }

    func finish() { lane?.finish() }

    /// What an attempt at a segment that is being cut has brought of a rendition.
    ///
    /// - Returns: why the attempt is to be given up, and blamed.
    func take(
        _ event: RenditionLine.Event, rendition: Int, of attempt: Int, at segment: SegmentSequence
    ) -> SegmentFailure? {
        lane?.take(event, rendition: rendition, of: attempt, at: segment)
    }

    /// For each rendition of a ladder, how far a segment that is being cut has come to viewers.
    func reached(in segment: SegmentSequence, _ ladder: Ladder) -> [Int64?] { lane?.reached(in: segment, ladder) ?? [] }

    /// Other renditions are asked for from the next segment on.
    func change(to ladder: Ladder, from old: Ladder) { lane?.change(to: ladder, from: old) }

    /// - Parameter comesWhole: no packets of it have been seen before.
    func publishSource(_ segment: inout Segment, comesWhole: Bool) {
        if comesWhole { lane?.take(source: segment) }
        output.publishSource(segment)
        segment.timeline.sourcePublished = .now
        metrics.sourcePublished(segment, isTranscoded: !output.profiles.isEmpty)
    }

    /// - Parameter rendition: its place in the output.
    func publish(_ rendition: Int, as profile: TranscodeProfile, of segment: Segment, _ outcome: ReassembleStage.Outcome) {
        switch outcome {
        case .made(let bytes):
            let follows = standingIn.withLock { $0.remove(rendition) != nil }
            output.publish(rendition: rendition, as: profile, of: segment, bytes, startsDiscontinuity: follows)
            lane?.take(rendition: rendition, of: segment, .media(bytes, profile.container))
            metrics.renditionsPublished.increment()
        case .source:
            standIn(rendition, segment, segment.bytes)
            lane?.take(rendition: rendition, of: segment, .source)
        case .lower(let bytes):
            standIn(rendition, segment, bytes)
            lane?.take(rendition: rendition, of: segment, .media(bytes, profile.container))
        case .gap:
            output.publishGap(rendition: rendition, as: profile, of: segment)
            lane?.take(rendition: rendition, of: segment, .gap)
        }
    }

    /// Two stand-ins in a row may be of two codings as well: each starts a discontinuity unless both are the source.
    private func standIn(_ rendition: Int, _ segment: Segment, _ bytes: ByteBuffer) {
        let isFirst = standingIn.withLock { $0.insert(rendition).inserted }
        let isSource = bytes == segment.bytes
        output.publishStandIn(rendition: rendition, of: segment, bytes, startsDiscontinuity: isFirst || !isSource)
    }
}
