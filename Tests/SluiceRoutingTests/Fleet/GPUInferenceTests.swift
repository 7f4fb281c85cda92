import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct GPUInferenceTests {
    /// A 360p30 and 240p30 ladder.
    private static let ladder = WorkClass(codec: .h264, outputPixelRate: 10_000_000)

    /// What an orchestrator shows that works so many seconds on each segment of 2 s.
    private func shown(_ work: Double, samples: Int = 20, _ workClass: WorkClass = ladder) -> WorkStatistics {
        var statistics = WorkStatistics()
        for sample in 0..<samples {
            let jitter = 1 + 0.1 * (Double(sample % 5) - 2) / 2
            statistics.add(
                PhaseTimes(upload: 0.02, work: work * jitter, firstByte: 0.01, body: 0.01, total: work * jitter + 0.04), duration: 2,
                at: Moment(seconds: Double(sample) * 2), RoutingSettings())
        }
        return statistics
    }

    @Test func whoIsSlowHasNoEncoder() throws {
        let verdict = try #require(GPUInference().verdict(shown(0.5), Self.ladder))
        #expect([.cpu, .datacenterCompute].contains(verdict.gpuClass))
        let fast = try #require(GPUInference().verdict(shown(0.04), Self.ladder))
        #expect(![.cpu, .datacenterCompute].contains(fast.gpuClass))
    }

    @Test func aFewSegmentsSayNothingAndMoreSayItSurer() throws {
        let inference = GPUInference()
        #expect(inference.verdict(shown(0.2, samples: 4), Self.ladder) == nil)
        let early = try #require(inference.verdict(shown(0.2, samples: 8), Self.ladder))
        let later = try #require(inference.verdict(shown(0.2, samples: 30), Self.ladder))
        #expect(early.gpuClass == later.gpuClass)
        #expect((0.0...1).contains(early.confidence) && early.confidence < later.confidence && later.confidence <= 1)
    }

    @Test func orchestratorsOfKnownClassTeachWhatIsUsual() throws {
        var inference = GPUInference()
        let slow = shown(0.1)
        for _ in 0..<50 { inference.learn(slow, Self.ladder, of: .consumer) }
        for _ in 0..<50 { inference.learn(shown(0.03), Self.ladder, of: .datacenterEncode) }
        let verdict = try #require(inference.verdict(slow, Self.ladder))
        #expect(verdict.gpuClass == .consumer)
        #expect(verdict.confidence > 0.6)
    }

    @Test func aClassOfTheOperatorsOwnIsLearntToo() throws {
        var inference = GPUInference()
        let own = GPUClass("rack-7")
        for _ in 0..<20 { inference.learn(shown(1.6), Self.ladder, of: own) }
        #expect(try #require(inference.verdict(shown(1.6), Self.ladder)).gpuClass == own)
    }

    @Test func moreWorkTakesLongerWithoutBeingAnotherClass() throws {
        let inference = GPUInference()
        let heavy = WorkClass(codec: .h264, outputPixelRate: 80_000_000)
        let light = try #require(inference.verdict(shown(0.05), Self.ladder))
        let same = try #require(inference.verdict(shown(0.4, heavy), heavy))
        #expect(light.gpuClass == same.gpuClass)
    }
}
