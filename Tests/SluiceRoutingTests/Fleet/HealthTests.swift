import Testing

@testable import SluiceRouting

/// The rules of specs/selection-and-reliability E4.
@Suite struct HealthTests {
    private let settings = Health.Settings()
    private func at(_ seconds: Double) -> Moment { Moment(seconds: seconds) }

    @Test func twoBrokenConnectionsEject() {
        var health = Health()
        let seen1 = health.failed(.connect, at: at(1), settings)
        #expect(!seen1)
        #expect(health.state(at: at(1)) == .suspect)
        let seen2 = health.failed(.connect, at: at(1.1), settings)
        #expect(seen2)
        #expect(health.state(at: at(2)) == .ejected)
        #expect(health.state(at: at(12)) == .halfOpen)
    }

    @Test func fiveFaultsInARowEject() {
        var health = Health()
        for step in 0..<4 {
            let isOut = health.failed(.answer, at: at(Double(step)), settings)
            #expect(!isOut)
        }
        let seen3 = health.failed(.answer, at: at(4), settings)
        #expect(seen3)
    }

    @Test func aSuccessInBetweenStartsTheCountAnew() {
        var health = Health()
        for _ in 0..<4 { _ = health.failed(.answer, at: at(1), settings) }
        health.succeeded(at: at(1), settings)
        let seen4 = health.failed(.answer, at: at(1), settings)
        #expect(!seen4)
    }

    @Test func fewerThanSevenOfTenOverTwentyEject() {
        var health = Health()
        var isOut = false
        for step in 0..<30 where !isOut {
            if step % 2 == 0 { health.succeeded(at: at(1), settings) } else { isOut = health.failed(.answer, at: at(1), settings) }
        }
        #expect(isOut)
        #expect(health.success.count >= 20)
    }

    @Test func oneSlowSegmentIsChanceTwoAreSuspicion() {
        var health = Health()
        _ = health.failed(.slow, at: at(1), settings)
        #expect(health.state(at: at(1)) == .healthy)
        _ = health.failed(.slow, at: at(1.5), settings)
        #expect(health.state(at: at(1.5)) == .suspect)
        health.succeeded(at: at(2), settings)
        #expect(health.state(at: at(2)) == .healthy)
    }

    @Test func theCanarysSuccessLetsItInAndItsFailureKeepsItOutForLonger() {
        var health = Health()
        for _ in 0..<2 { _ = health.failed(.connect, at: at(1), settings) }
        let seen5 = health.failed(.connect, at: at(12), settings)
        #expect(seen5)
        #expect(health.state(at: at(31)) == .ejected)
        #expect(health.state(at: at(33)) == .halfOpen)
        health.succeeded(at: at(33), settings)
        #expect(health.state(at: at(33)) == .healthy)
        #expect(health.ejections == 2)
        for second in stride(from: 34.0, through: 100, by: 1) { health.succeeded(at: at(second), settings) }
        #expect(health.ejections == 1)
    }

    @Test func pardonLeavesTheSuspicion() {
        var health = Health()
        for _ in 0..<2 { _ = health.failed(.connect, at: at(1), settings) }
        health.pardon()
        #expect(health.state(at: at(1)) == .suspect)
        #expect(health.ejections == 0)
    }
}
