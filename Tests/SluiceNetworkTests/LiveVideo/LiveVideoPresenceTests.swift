import Testing

@testable import SluiceNetwork

@Suite struct LiveVideoPresenceTests {
    private let start = ContinuousClock.now
    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }
    private var presence: LiveVideoPresence { LiveVideoPresence(.init(), at: start) }

    @Test func aSessionThatNobodyComesToIsOver() {
        var presence = presence
        #expect(presence.look(gateway: false, worker: false, at: at(0)) == .wait(until: at(5000)))
        #expect(presence.look(gateway: false, worker: true, at: at(5000)) == .neverBegan)
    }

    @Test func aGatewayMayBeAwayForAMoment() {
        var presence = presence
        #expect(presence.look(gateway: true, worker: false, at: at(100)) == .wait(until: nil))
        #expect(presence.look(gateway: false, worker: false, at: at(200)) == .wait(until: at(1000)))
        #expect(presence.look(gateway: true, worker: false, at: at(300)) == .wait(until: nil))
        #expect(presence.look(gateway: false, worker: false, at: at(400)) == .wait(until: at(1200)))
        #expect(presence.look(gateway: false, worker: false, at: at(1200)) == .gatewayGone)
    }

    @Test func aWorkerThatHasBegunIsMissed() {
        var presence = presence
        #expect(presence.look(gateway: true, worker: false, at: at(0)) == .wait(until: nil))
        #expect(presence.look(gateway: true, worker: true, at: at(100)) == .wait(until: nil))
        #expect(presence.look(gateway: true, worker: false, at: at(200)) == .wait(until: at(700)))
        #expect(presence.look(gateway: true, worker: false, at: at(700)) == .workerGone)
    }
}
