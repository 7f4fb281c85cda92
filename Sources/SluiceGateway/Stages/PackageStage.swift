import NIOCore
import SluiceTypes
import Synchronization

/// Puts segments into the playlists, and something honest where one is missing.
final class PackageStage: Sendable {
    private let output: StreamOutput
    private let policy: GatewaySettings.MissingRendition
    private let metrics: GatewayMetrics
    /// Renditions whose last entry was the source standing in: the next real one starts a discontinuity as well.
    private let standingIn: Mutex<Set<Int>> = Mutex([])

    init(output: StreamOutput, settings: GatewaySettings, metrics: GatewayMetrics) {
        self.output = output
        self.policy = settings.missingRendition
        self.metrics = metrics
    }

    func publishSource(_ segment: inout Segment) {
        output.publishSource(segment)
        segment.timeline.sourcePublished = .now
        metrics.sourcePublished(segment)
    }

    func publish(_ rendition: Int, of segment: Segment, _ outcome: ReassembleStage.Outcome) {
        switch outcome {
        case .made(let bytes):
            let follows = standingIn.withLock { $0.remove(rendition) != nil }
            output.publish(rendition: rendition, of: segment, bytes, startsDiscontinuity: follows)
            metrics.renditionsPublished.increment()
        case .missing where policy == .source:
            let isFirst = standingIn.withLock { $0.insert(rendition).inserted }
            output.publishStandIn(rendition: rendition, of: segment, startsDiscontinuity: isFirst)
        case .missing:
            output.publishGap(rendition: rendition, of: segment)
        }
    }
}
