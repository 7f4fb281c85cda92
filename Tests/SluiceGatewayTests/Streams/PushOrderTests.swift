import SluiceTesting
import Testing

@testable import SluiceGateway

@Suite struct PushOrderTests {
    private typealias Order = PushOrder<String, ManualClock.Instant>

    private let clock = ManualClock()

    private func order(most: Int = 8) -> Order { Order(patience: .milliseconds(500), most: most) }

    /// What went on when these numbers came at once, in this order.
    private func ready(_ order: inout Order, _ numbers: Int64..., at now: ManualClock.Instant? = nil) -> [Int64] {
        let now = now ?? clock.now
        return numbers.flatMap { number in
            _ = order.enter(number, "\(number)", at: now)
            return order.ready(at: now).map(\.number)
        }
    }

    @Test func whatComesInOrderNeverWaits() {
        var order = order()
        #expect(ready(&order, 0) == [0])
        #expect(ready(&order, 1) == [1])
        #expect(ready(&order, 2, 3) == [2, 3])
        #expect(!order.isHolding)
    }

    @Test func whatComesEarlyWaitsForItsPredecessor() {
        var order = order()
        #expect(ready(&order, 1) == [])
        #expect(order.isHolding)
        #expect(ready(&order, 0) == [0, 1])
        #expect(ready(&order, 4, 3) == [])
        #expect(ready(&order, 2) == [2, 3, 4])
    }

    @Test func aStreamMayBeginAnywhere() {
        var order = order()
        #expect(ready(&order, 7, 6) == [])
        order.expire(7, at: clock.now)
        #expect(order.ready(at: clock.now).map(\.number) == [6, 7])
        #expect(ready(&order, 8) == [8])
    }

    @Test func whenItsPatienceIsOverItGoesOnWithAllBelowItAndNoneAbove() {
        var order = order()
        #expect(ready(&order, 0) == [0])
        let entry = order.enter(3, "3", at: clock.now)
        #expect(entry == .entered(until: clock.now.advanced(by: .milliseconds(500))))
        let later = clock.now.advanced(by: .milliseconds(100))
        #expect(ready(&order, 2, 6, at: later) == [])
        #expect(order.ready(at: clock.now.advanced(by: .milliseconds(499))).isEmpty)
        #expect(order.ready(at: clock.now.advanced(by: .milliseconds(500))).map(\.number) == [2, 3])
        #expect(order.isHolding)
        #expect(order.ready(at: clock.now.advanced(by: .milliseconds(600))).map(\.number) == [6])
    }

    @Test func whatIsPastOrHereAlreadyIsStale() {
        var order = order()
        _ = ready(&order, 0, 1, 3)
        #expect(order.isPast(1) && !order.isPast(2))
        #expect(order.enter(1, "again", at: clock.now) == .stale(newest: 1))
        #expect(order.enter(3, "again", at: clock.now) == .stale(newest: 3))
        #expect(ready(&order, 2) == [2, 3])
    }

    @Test func expiringWhatIsGoneChangesNothing() {
        var order = order()
        _ = ready(&order, 0, 2)
        order.expire(0, at: clock.now)
        #expect(order.ready(at: clock.now).isEmpty)
    }

    @Test func pastTheBoundTheLowestGoesOn() {
        var order = order(most: 2)
        #expect(ready(&order, 5, 9, 7) == [5])
        #expect(ready(&order, 6) == [6, 7])
    }
}
