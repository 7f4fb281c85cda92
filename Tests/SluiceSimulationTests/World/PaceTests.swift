import Testing

@testable import SluiceSimulation

@Suite struct PaceTests {
    @Test func withoutFaultsItsTimeIsOurs() {
        let pace = Pace([])
        #expect(pace.elapsed(at: 5) == 5)
        #expect(pace.moment(after: 3, from: 5) == 8)
    }

    @Test func inAStallItsTimeStands() {
        let pace = Pace([(100..<200, 0)])
        #expect(pace.elapsed(at: 150) == 100)
        #expect(pace.elapsed(at: 250) == 150)
        #expect(pace.moment(after: 30, from: 90) == 220)
        #expect(pace.moment(after: 10, from: 90) == 100)
        #expect(pace.moment(after: 10, from: 150) == 210)
        #expect(pace.moment(after: 10, from: 250) == 260)
    }

    @Test func slowSpellsMultiplyAndStallsWin() {
        let pace = Pace([(0..<100, 0.5), (50..<100, 0.5), (80..<100, 0)])
        #expect(pace.elapsed(at: 50) == 25)
        #expect(pace.elapsed(at: 80) == 32.5)
        #expect(pace.elapsed(at: 100) == 32.5)
        #expect(pace.moment(elapsed: 30) == 70)
        #expect(pace.moment(elapsed: 42.5) == 110)
    }

    @Test func aStallWithoutEndIsNeverOver() {
        let pace = Pace([(100..<Int64.max, 0)])
        #expect(pace.moment(after: 50, from: 20) == 70)
        #expect(pace.moment(after: 90, from: 20) == nil)
        #expect(pace.moment(after: 1e19, from: 20) == nil)
    }

    @Test func thereAndBackAgain() {
        let pace = Pace([(10..<30, 0.25), (50..<70, 0), (70..<90, 0.5), (95..<96, 0)])
        for moment in Int64(0)..<120 {
            let back = pace.moment(elapsed: pace.elapsed(at: moment))
            // Where time stands, the first moment with that time.
            let expected: Int64 = (51...70).contains(moment) ? 50 : moment == 96 ? 95 : moment
            #expect(back == expected)
        }
    }
}
