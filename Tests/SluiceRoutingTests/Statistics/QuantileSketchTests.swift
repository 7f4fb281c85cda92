import Testing

@testable import SluiceRouting

@Suite struct QuantileSketchTests {
    private func near(_ value: Double, _ wanted: Double) -> Bool { abs(value - wanted) <= wanted * 0.19 }

    @Test func quantilesOfAnEvenSpreadAreRightToABucket() {
        var sketch = QuantileSketch()
        let now = Moment(seconds: 1)
        for step in 1...1000 { sketch.add(Double(step) / 1000, at: now, halfLife: 60) }
        let found = sketch.quantiles(0.5, 0.9, 0.99)
        #expect(near(found.0, 0.5) && near(found.1, 0.9) && near(found.2, 0.99))
        #expect(abs(sketch.count - 1000) < 1)
    }

    @Test func whatIsOldIsForgotten() {
        var sketch = QuantileSketch()
        for _ in 0..<100 { sketch.add(5, at: Moment(seconds: 1), halfLife: 10) }
        for _ in 0..<100 { sketch.add(0.1, at: Moment(seconds: 101), halfLife: 10) }
        #expect(near(sketch.quantiles(0.5, 0.9, 0.99).2, 0.1))
        #expect(sketch.count < 101)
    }

    @Test func nothingIsZeroAndExtremesStayInside() {
        var sketch = QuantileSketch()
        #expect(sketch.quantiles(0.5, 0.9, 0.99) == (0, 0, 0))
        for value in [-1, 0, 1e9, .infinity] { sketch.add(value, at: Moment(seconds: 1), halfLife: 10) }
        let found = sketch.quantiles(0.1, 0.5, 0.99)
        #expect(found.0 <= 0.001 && found.2 > 40 && found.2.isFinite)
    }

    @Test func thousandsOfHalfLivesAndAClockThatStandsStillDoNoHarm() {
        var sketch = QuantileSketch()
        for hour in 1...5000 { sketch.add(0.2, at: Moment(seconds: Double(hour) * 3), halfLife: 1) }
        sketch.add(0.2, at: Moment(seconds: 10), halfLife: 1)
        #expect(near(sketch.quantiles(0.5, 0.9, 0.99).0, 0.2) && sketch.count.isFinite)
    }
}
