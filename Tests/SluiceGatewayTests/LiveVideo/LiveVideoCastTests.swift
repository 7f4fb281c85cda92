import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite struct LiveVideoCastTests {
    private let a = OrchestratorID("a")
    private let b = OrchestratorID("b")

    /// Line 1 at `a`, on air.
    private func onAir(_ standby: LiveVideoCast.Standby = .none) -> LiveVideoCast {
        var cast = LiveVideoCast(standby: standby)
        #expect(cast.happened(.begin) == [.start(1, avoiding: nil, isStrict: false, afterPause: false)])
        #expect(cast.happened(.placed(1, a)).isEmpty)
        let orders = cast.happened(.showed(1))
        let next = LiveVideoCast.Order.start(2, avoiding: a, isStrict: false, afterPause: false)
        #expect(orders == [.air(1, isUrgent: false)] + (standby == .warm ? [next] : []))
        #expect(cast.happened(.tookOver(1)).isEmpty)
        return cast
    }

    @Test func aDrainedOneIsLeftWhenTheNextIsOnAir() {
        var cast = onAir()
        #expect(cast.happened(.uneasy(1, isSilent: false)) == [.start(2, avoiding: a, isStrict: true, afterPause: false)])
        // It is said every second.
        #expect(cast.happened(.uneasy(1, isSilent: false)).isEmpty)
        #expect(cast.happened(.placed(2, b)).isEmpty)
        #expect(cast.happened(.showed(2)) == [.air(2, isUrgent: false)])
        #expect(cast.happened(.tookOver(2)) == [.leave(1)])
        #expect(cast.currentOrchestrator == b && cast.standbyOrchestrator == nil)
        #expect(cast.happened(.ended(1)).isEmpty)
    }

    @Test func aSilentOneIsFilledForWhileTheNextIsWarmed() {
        var cast = onAir()
        #expect(cast.happened(.uneasy(1, isSilent: true)) == [.fill, .start(2, avoiding: a, isStrict: true, afterPause: false)])
        #expect(cast.happened(.placed(2, b)).isEmpty)
        // It dies meanwhile: the next is at work already.
        #expect(cast.happened(.ended(1)).isEmpty)
        #expect(cast.currentOrchestrator == b)
        #expect(cast.happened(.showed(2)) == [.air(2, isUrgent: false)])
    }

    @Test func oneThatIsWellAgainIsKept() {
        var cast = onAir()
        _ = cast.happened(.uneasy(1, isSilent: true))
        #expect(cast.happened(.well(1)) == [.leave(2)])
        #expect(cast.happened(.ended(2)).isEmpty)
        #expect(cast.currentLine == 1)
    }

    @Test func whereNobodyElseIsItIsTriedAgainAfterAPause() {
        var cast = onAir()
        _ = cast.happened(.uneasy(1, isSilent: false))
        #expect(cast.happened(.ended(2)) == [.start(3, avoiding: a, isStrict: true, afterPause: true)])
    }

    @Test func aDeadOneIsReplaced() {
        var cast = onAir()
        #expect(cast.happened(.ended(1)) == [.fill, .start(2, avoiding: a, isStrict: false, afterPause: false)])
        // Nobody is there: again after a while, with anybody.
        #expect(cast.happened(.ended(2)) == [.start(3, avoiding: nil, isStrict: false, afterPause: true)])
    }

    @Test func aWarmOneTakesOverAtOnceAndIsReplacedAsStandby() {
        var cast = onAir(.warm)
        _ = cast.happened(.placed(2, b))
        #expect(cast.happened(.showed(2)).isEmpty)
        #expect(cast.happened(.uneasy(1, isSilent: true)) == [.air(2, isUrgent: true)])
        #expect(cast.happened(.tookOver(2)) == [.leave(1), .start(3, avoiding: b, isStrict: false, afterPause: false)])
    }

    @Test func aWarmOneIsThereWhenTheOtherEnds() {
        var cast = onAir(.warm)
        _ = cast.happened(.placed(2, b))
        _ = cast.happened(.showed(2))
        #expect(cast.happened(.ended(1)) == [.air(2, isUrgent: true), .start(3, avoiding: b, isStrict: false, afterPause: false)])
        #expect(cast.currentOrchestrator == b)
    }

    @Test func aStandbyThatEndsIsReplaced() {
        var cast = onAir(.warm)
        #expect(cast.happened(.ended(2)) == [.start(3, avoiding: a, isStrict: false, afterPause: true)])
    }
}
