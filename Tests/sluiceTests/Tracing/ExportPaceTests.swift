import SluiceTesting
import Testing

@testable import sluice

@Suite struct ExportPaceTests {
    @Test func pausesGrowToALimitAndEndWithTheFirstAnswer() {
        let clock = ManualClock()
        var pace = ExportPace<ManualClock.Instant>()
        #expect(pace.mayTry(at: clock.now) && !pace.isDown)
        var pauses: [Int] = []
        for number in 0..<7 {
            let isNew = pace.failed(at: clock.now)
            #expect(isNew == (number == 0))
            var waited = 0
            while !pace.mayTry(at: clock.now) {
                clock.advance(by: .seconds(1))
                waited += 1
            }
            pauses.append(waited)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30] && pace.isDown)
        let isBack = pace.succeeded()
        #expect(isBack && !pace.isDown)
        // Said once each way.
        let again = (pace.succeeded(), pace.failed(at: clock.now))
        #expect(again == (false, true))
    }
}
