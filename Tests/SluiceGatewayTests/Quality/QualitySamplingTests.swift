import Foundation
import Logging
import NIOCore
import SluiceMarket
import SluiceMedia
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

@Suite(.timeLimit(.minutes(1))) struct QualitySamplingTests {
    private static let profiles = [
        TranscodeProfile(name: "240p", width: 426, height: 240, bitrate: 300_000),
        TranscodeProfile(name: "144p", width: 256, height: 144, bitrate: 200_000),
    ]

    private static func job(_ sequence: Int64, slice: SegmentSlice? = nil, bytes: ByteBuffer? = nil) throws -> SegmentJob {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/media/av360p-3segments-0.ts")
        guard let stream = StreamID("cam") else { throw SegmentFailure(.refused, "no name") }
        let segment = Segment(
            stream: stream, sequence: SegmentSequence(sequence), container: .mpegTS,
            bytes: try bytes ?? ByteBuffer(bytes: Data(contentsOf: file)),
            start: .zero, duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 0, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: .now, cut: .now))
        return SegmentJob(segment: segment, profiles: profiles, slice: slice)
    }

    private static func renditions(of job: SegmentJob, _ fault: PictureFault? = nil) throws -> [Int: ByteBuffer] {
        var made: [Int: ByteBuffer] = [:]
        try TranscodeSession(settings: .init(preset: "ultrafast", encoder: .x264, pictureFault: fault)).transcode(
            job, isCancelled: { false },
            onRendition: {
                made[$0] = $1; _ = $2
            })
        return made
    }

    private final class Bench: Sendable {
        let registry = MetricRegistry()
        let executor = MediaExecutor(width: 1)
        let sampling: QualitySampling
        let (found, learned) = AsyncStream.makeStream(of: (OrchestratorID, PictureSample).self)

        init(segments: Int = 1) {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            sampling = QualitySampling(
                settings: .init(segments: segments, seconds: 0), executor: executor, registry: registry, logger: logger
            ) { [learned] in learned.yield(($0, $1)) }
        }

        func came(_ bytes: ByteBuffer, _ place: Int, of job: SegmentJob, from orchestrator: String) {
            sampling.came(
                SegmentOutcome.Rendition(bytes: bytes, facts: RenditionFacts(pixels: 1), orchestrator: OrchestratorID(orchestrator)), place,
                of: job)
        }

        /// Works off what has come.
        func finished() async -> [(OrchestratorID, PictureSample)] {
            sampling.finish()
            await sampling.run()
            learned.finish()
            var all: [(OrchestratorID, PictureSample)] = []
            for await one in found { all.append(one) }
            return all
        }

        func count(_ result: String) -> Int {
            let line = registry.render().split(separator: "\n").first { $0.hasPrefix("sluice_quality_samples_total{result=\"\(result)\"") }
            return line?.split(separator: " ").last.flatMap { Int($0) } ?? -1
        }
    }

    @Test func anHonestRenditionAndABlackOne() async throws {
        for (fault, isPoor) in [(nil, false), (PictureFault.black, true)] as [(PictureFault?, Bool)] {
            let bench = Bench()
            let job = try Self.job(0)
            bench.came(try #require(try Self.renditions(of: job, fault)[0]), 0, of: job, from: "one")
            let found = await bench.finished()
            #expect(found.count == 1 && found.first?.0 == OrchestratorID("one") && found.first?.1.isPoor == isPoor, "\(found)")
            #expect(bench.count("compared") == 1)
            #expect(bench.registry.render().contains("sluice_rendition_ssim_count{orchestrator=\"one\"} 1"))
        }
    }

    @Test func whatHasNoPicturesIsItsMakersFaultAndASourceWithoutIsNobodys() async throws {
        let bench = Bench()
        bench.came(ByteBuffer(repeating: 0x47, count: 1880), 0, of: try Self.job(0), from: "one")
        let found = await bench.finished()
        #expect(found.map(\.1) == [.nothing])
        let other = Bench()
        let job = try Self.job(0)
        let rendition = try #require(try Self.renditions(of: job)[0])
        other.came(rendition, 0, of: try Self.job(0, bytes: ByteBuffer(repeating: 0x47, count: 1880)), from: "one")
        #expect(await other.finished().isEmpty)
        #expect(other.count("failed") == 1)
    }

    /// One waits; the next is left out and counted, and due again with the next segment.
    @Test func itIsNeverInTheWay() async throws {
        let bench = Bench()
        for (sequence, name) in ["a", "b", "c"].enumerated() {
            let job = try Self.job(Int64(sequence * 2))
            bench.came(ByteBuffer(repeating: 0x47, count: 1880), 0, of: job, from: name)
        }
        #expect(bench.count("skipped") == 2)
        #expect(await bench.finished().map(\.0) == [OrchestratorID("a")])
    }

    /// Of segment 1 the second rendition; of a slice nothing, as it is compared with the whole.
    @Test func eachRenditionHasItsTurn() async throws {
        let bench = Bench()
        let noise = ByteBuffer(repeating: 0x47, count: 1880)
        bench.came(noise, 0, of: try Self.job(1), from: "a")
        bench.came(noise, 1, of: try Self.job(0), from: "b")
        bench.came(noise, 0, of: try Self.job(0, slice: SegmentSlice(fromMilliseconds: 0, toMilliseconds: 1000)), from: "c")
        bench.came(noise, 1, of: try Self.job(1), from: "d")
        #expect(await bench.finished().map(\.0) == [OrchestratorID("d")])
    }
}
