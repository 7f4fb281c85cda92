import Testing

@testable import SluiceWire

@Suite struct TrickleSubscriptionTests {
    private var subscription = TrickleSubscription(from: .newest)

    private mutating func answer(
        _ status: Int, sequence: Int64? = nil, latest: Int64? = nil, isClosed: Bool = false
    ) -> TrickleSubscription.Step {
        subscription.answered(status: status, sequence: sequence, latest: latest, isClosed: isClosed)
    }

    @Test mutating func fromTheNewestOnOneByOne() {
        let first = answer(200, sequence: 7)
        #expect(first == .take(sequence: 7, skipped: 0))
        #expect(subscription.wanted == .number(8))
        let second = answer(200, sequence: 8)
        #expect(second == .take(sequence: 8, skipped: 0))
    }

    @Test mutating func whoFellBehindJumpsToTheLiveEdgeAndIsToldOfIt() {
        _ = answer(200, sequence: 7)
        let behind = answer(470, latest: 20)
        #expect(behind == .ask(after: .zero))
        #expect(subscription.wanted == .number(19))
        let edge = answer(200, sequence: 19)
        #expect(edge == .take(sequence: 19, skipped: 11))
    }

    @Test mutating func whoIsAheadWaitsAndAsksForTheSame() {
        _ = answer(200, sequence: 7)
        let ahead = answer(470, latest: 7)
        #expect(ahead == .ask(after: .milliseconds(250)))
        #expect(subscription.wanted == .number(8))
    }

    @Test mutating func aPublisherWhoBeganAnewIsFollowed() {
        _ = answer(200, sequence: 70)
        let anew = answer(470, latest: 2)
        #expect(anew == .ask(after: .zero))
        #expect(subscription.wanted == .number(1))
        let first = answer(200, sequence: 1)
        #expect(first == .take(sequence: 1, skipped: 0))
    }

    @Test mutating func bothWaysToTellTheEndAreUnderstood() {
        _ = answer(200, sequence: 7)
        let closed = answer(200, sequence: 8, isClosed: true)
        #expect(closed == .end)
        let gone = answer(404)
        #expect(gone == .end)
    }

    @Test mutating func aChannelThatNeverWasIsAnError() {
        let step = answer(404)
        #expect(step == .fail)
    }

    @Test mutating func fiveFailuresInARowAreFinal() {
        for _ in 0..<4 {
            let again = answer(500)
            #expect(again == .ask(after: .milliseconds(500)))
        }
        let last = subscription.failed()
        #expect(last == .fail)
    }

    @Test mutating func aSuccessForgetsTheFailures() {
        for _ in 0..<4 { _ = subscription.failed() }
        _ = answer(200, sequence: 0)
        let again = subscription.failed()
        #expect(again == .ask(after: .milliseconds(500)))
    }

    @Test mutating func aServerThatKeepsMissingItsOwnEdgeIsGivenUp() {
        subscription = TrickleSubscription(from: .number(30))
        var steps: [TrickleSubscription.Step] = []
        for _ in 0..<6 { steps.append(answer(470, latest: 12)) }
        #expect(steps.first == .ask(after: .zero))
        #expect(steps.last == .fail)
    }

    @Test mutating func withoutTheHeaderItCountsItself() {
        subscription = TrickleSubscription(from: .number(3))
        let step = answer(200)
        #expect(step == .take(sequence: 3, skipped: 0))
    }

    @Test(arguments: [nil, -1, Int64.max, Int64.min] as [Int64?]) mutating func aNonsensicalEdgeIsAFailure(latest: Int64?) {
        let step = answer(470, latest: latest)
        #expect(step == .ask(after: .milliseconds(500)))
    }
}
