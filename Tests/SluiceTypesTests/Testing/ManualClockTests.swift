import SluiceTesting
import Testing

@Suite struct ManualClockTests {
    @Test func timeMovesOnlyWhenAdvanced() {
        let clock = ManualClock()
        let before = clock.now
        clock.advance(by: .seconds(2))
        #expect(before.duration(to: clock.now) == .seconds(2))
    }

    @Test func aSleeperWakesAtItsDeadlineAndNotBefore() async throws {
        let clock = ManualClock()
        async let woken: Duration = {
            try await clock.sleep(for: .seconds(3))
            return clock.now.offset
        }()
        await clock.sleepers(1)
        clock.advance(by: .seconds(2))
        clock.advance(by: .seconds(1))
        #expect(try await woken == .seconds(3))
    }

    @Test func aDeadlineInThePastDoesNotSleep() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(1))
        try await clock.sleep(until: ManualClock.Instant(), tolerance: nil)
    }

    @Test func cancellationWakesWithAnError() async {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(3)) }
        await clock.sleepers(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
