package import Logging
import NIOCore
package import SluiceMarket
package import SluiceMedia
package import SluiceTypes
import Synchronization

/// Decodes a rendition now and then beside its source, to see whether it is what was asked for: one at a time, on a thread of its own,
/// and never in anybody's way. A sample that finds the last one still at work is left out and counted.
package final class QualitySampling: Sendable {
    private struct Sample: Sendable {
        var orchestrator: OrchestratorID
        var segment: Segment
        var profile: TranscodeProfile
        var bytes: ByteBuffer
    }

    private let schedule: Mutex<SampleSchedule>
    private let origin = ContinuousClock.now
    private let executor: MediaExecutor
    private let learned: @Sendable (OrchestratorID, PictureSample) -> Void
    private let logger: Logger
    private let samples: AsyncStream<Sample>
    private let next: AsyncStream<Sample>.Continuation
    private let compared: Counter
    private let skipped: Counter
    private let failed: Counter
    private let ssim: MetricFamily<Histogram>

    private static let buckets = [0.35, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99]

    /// - Parameters:
    ///   - executor: one thread is enough; it should not be the one that encodes.
    ///   - learned: called with each sample that says something of its maker; it must not wait.
    package init(
        settings: SampleSchedule.Settings, executor: MediaExecutor, registry: MetricRegistry, logger: Logger,
        learned: @escaping @Sendable (OrchestratorID, PictureSample) -> Void
    ) {
        schedule = Mutex(SampleSchedule(settings))
        self.executor = executor
        self.learned = learned
        self.logger = logger
        // The one that waits holds a segment and a rendition in memory.
        (samples, next) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
        func counter(_ result: String) -> Counter {
            registry.counter(
                "sluice_quality_samples_total", help: "Renditions to be decoded beside their source, by what came of it.",
                labels: ["result": result])
        }
        compared = counter("compared")
        skipped = counter("skipped")
        failed = counter("failed")
        ssim = registry.histograms(
            "sluice_rendition_ssim", help: "Structural similarity of sampled renditions to their source, by orchestrator.",
            buckets: Self.buckets, labels: ["orchestrator"])
    }

    /// A rendition came whole. Never waits.
    ///
    /// Of each segment one rendition counts, another with each segment, so that none is safe.
    func came(_ rendition: SegmentOutcome.Rendition, _ place: Int, of job: SegmentJob) {
        let count = Int64(job.profiles.count)
        guard job.slice == nil, job.profiles.indices.contains(place),
            Int64(place) == (job.segment.sequence.rawValue % count + count) % count
        else { return }
        let orchestrator = rendition.orchestrator
        let now = ContinuousClock.now
        let seconds = origin.duration(to: now).inSeconds
        guard schedule.withLock({ $0.isDue(orchestrator, at: seconds) }) else { return }
        let sample = Sample(orchestrator: orchestrator, segment: job.segment, profile: job.profiles[place], bytes: rendition.bytes)
        switch next.yield(sample) {
        case .enqueued: schedule.withLock { $0.took(orchestrator, at: seconds) }
        case .dropped: skipped.increment()
        case .terminated: break
        @unknown default: break
        }
    }

    package func finish() { next.finish() }

    /// Works until `finish`, or until it is cancelled.
    package func run() async {
        for await sample in samples {
            if Task.isCancelled { return }
            await look(at: sample)
        }
    }

    private func look(at sample: Sample) async {
        let found: PictureSample
        do {
            let comparison = try await executor.run {
                try PictureComparison.of(
                    sample.bytes, sample.profile, against: sample.segment.bytes, sample.segment.container)
            }
            found = PictureSample(comparison)
        } catch PictureComparison.Problem.rendition(let text) {
            logger.info("rendition without pictures", metadata: note(sample, text))
            found = .nothing
        } catch {
            failed.increment()
            logger.debug("rendition not compared", metadata: note(sample, "\(error)"))
            return
        }
        compared.increment()
        ssim[sample.orchestrator.rawValue].observe(found.ssim)
        schedule.withLock { $0.found(sample.orchestrator, isPoor: found.isPoor) }
        if found.isPoor {
            let words =
                "frames \(found.framesKept.percent), size \(found.sizeKept.percent), SSIM \(found.ssim.percent), stood still \(found.frozen.percent)"
            logger.warning("poor rendition", metadata: note(sample, words))
        }
        learned(sample.orchestrator, found)
    }

    private func note(_ sample: Sample, _ reason: String) -> Logger.Metadata {
        [
            "stream": "\(sample.segment.stream)", "segment": "\(sample.segment.sequence)", "orchestrator": "\(sample.orchestrator)",
            "profile": "\(sample.profile.name)", "reason": "\(reason)",
        ]
    }
}

extension PictureSample {
    /// A picture more or less at the edge of a segment is nobody's fault.
    private static let edge = 1

    init(_ comparison: PictureComparison) {
        let frames = comparison.frames + Self.edge >= comparison.framesExpected
        self.init(
            framesKept: frames ? 1 : Double(comparison.frames) / Double(max(1, comparison.framesExpected)),
            sizeKept: Double(comparison.width * comparison.height) / Double(max(1, comparison.pixelsExpected)),
            ssim: comparison.ssim, psnr: comparison.psnr, frozen: comparison.frozen)
    }
}

extension Double {
    fileprivate var percent: String { "\((self * 100).rounded() / 100)" }
}
