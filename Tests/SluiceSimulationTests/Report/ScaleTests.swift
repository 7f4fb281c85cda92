import Testing

@testable import SluiceSimulation

@Suite struct ScaleTests {
    @Test(arguments: [(10.0, 10.0), (7.3, 8), (0.043, 0.05), (0, 1), (1234, 1250)]) func linearEndsAtARoundNumber(
        largest: Double, end: Double
    ) {
        let (scale, ticks) = Scale.linear(to: largest, count: 5, places: (0, 100))
        #expect(ticks.first == 0)
        #expect((ticks.last ?? 0) >= largest)
        #expect(abs(scale.domain.upperBound - end) <= end * 0.35, "\(scale.domain)")
        #expect(scale.place(0) == 0 && abs(scale.place(scale.domain.upperBound) - 100) < 1e-9)
    }

    @Test func logarithmicHasEqualStepsForEqualFactors() {
        let (scale, ticks) = Scale.logarithmic(0.1...10, places: (0, 200))
        #expect(abs((scale.place(1) - scale.place(0.1)) - (scale.place(10) - scale.place(1))) < 1e-9)
        #expect(ticks.contains { abs($0 - 0.5) < 1e-12 } && ticks.contains { abs($0 - 5) < 1e-12 })
        #expect(scale.place(0) == 0, "what is below the domain lies at its edge")
    }

    @Test func logarithmicOfOneValueStillHasAWidth() {
        let (scale, _) = Scale.logarithmic(0.3...0.3, places: (0, 100))
        #expect(scale.domain.upperBound >= scale.domain.lowerBound * 10)
    }

    @Test func ninesHaveEqualStepsForEqualNines() {
        let (scale, ticks) = Scale.nines(resolution: 0.001, places: (300, 0))
        #expect(ticks == [0, 0.5, 0.9, 0.99, 0.999])
        #expect(abs((scale.place(0.9) - scale.place(0.99)) - (scale.place(0.99) - scale.place(0.999))) < 1e-9)
        #expect(scale.place(1) == 0)
    }
}
