import Testing

@testable import SluiceSimulation

@Suite struct NoiseTests {
    /// Known numbers: a run must be the same on every machine and after every change of a compiler.
    @Test func theGeneratorIsSplitMix64() {
        // The first outputs of SplitMix64 from state 0 (Vigna's reference code).
        #expect(Noise.mixed(0) == 0xE220_A839_7B1D_CDAF)
        #expect(Noise.mixed(0x9E37_79B9_7F4A_7C15) == 0x6E78_9E6A_A1B9_65F4)
    }

    @Test func chanceDependsOnEachPartOfItsPlace() {
        let noise = Noise(seed: 1)
        let words = [
            noise.word(.attempt, 1, 2, 3, 4), noise.word(.ask, 1, 2, 3, 4), noise.word(.attempt, 2, 1, 3, 4),
            noise.word(.attempt, 1, 2, 4, 3), noise.word(.attempt, 1, 2, 3, 5), Noise(seed: 2).word(.attempt, 1, 2, 3, 4),
        ]
        #expect(Set(words).count == words.count)
        #expect(noise.word(.attempt, 1, 2, 3, 4) == words[0])
    }

    @Test func normalHasMean0AndDeviation1() {
        let noise = Noise(seed: 3)
        let values = (0..<20_000).map { Noise.normal(noise.word(.attempt, $0)) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        #expect(abs(mean) < 0.03)
        #expect(abs(variance - 1) < 0.05)
    }

    @Test func uniformIsEven() {
        let noise = Noise(seed: 4)
        let values = (0..<20_000).map { Noise.uniform(noise.word(.attempt, $0)) }
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(Double(values.count { $0 < 0.25 }) / 20_000 - 0.25) < 0.02)
    }

    @Test(arguments: [(0.0, 1.0), (1.0, 2.718281828459045), (-1.0, 0.36787944117144233), (10.5, 36315.502674246636)])
    func theExponentialIsExact(x: Double, expected: Double) {
        #expect(abs(Noise.exponential(x) / expected - 1) < 1e-14)
    }

    @Test func withoutDeviationTheFactorIs1() { #expect(Noise.factor(deviation: 0, 12345) == 1) }
}
