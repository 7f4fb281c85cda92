import SluiceOrchestrator
import SluiceTypes
import Testing

@Suite struct AdmissionTests {
    private let now = ContinuousClock.now
    private let a = SessionID("a")
    private let b = SessionID("b")

    @Test func aSessionThatIsServedAlwaysHasRoom() throws {
        var admission = Admission(settings: .init(maxSessions: 1))
        _ = try admission.admit(a, at: now)
        #expect(admission.hasRoom(for: a))
        #expect(!admission.hasRoom(for: b))
        #expect(!admission.hasRoom(for: nil))
        #expect(throws: SegmentFailure(.busy, "OrchestratorCapped")) { try admission.admit(b, at: now) }
        _ = try admission.admit(a, at: now)
    }

    @Test func oneWorkedOnAndFourWaitingThenBusy() throws {
        var admission = Admission(settings: .init())
        let passes = try (0..<5).map { _ in try admission.admit(a, at: now) }
        #expect(throws: SegmentFailure(.busy, "OrchestratorBusy")) { try admission.admit(a, at: now) }
        admission.done(passes[0], at: now)
        _ = try admission.admit(a, at: now)
        #expect(throws: SegmentFailure(.busy, "OrchestratorBusy")) { try admission.admit(a, at: now) }
    }

    @Test func idleSessionsGoAndBusyOnesStay() throws {
        var admission = Admission(settings: .init(maxSessions: 2))
        _ = try admission.admit(a, at: now)
        admission.done(try admission.admit(b, at: now), at: now)
        #expect(admission.expire(at: now + .seconds(69)).isEmpty)
        #expect(admission.expire(at: now + .seconds(70)) == [b])
        #expect(admission.sessionCount == 1)
    }

    @Test func aSessionBegunAnewOwesNothingToSegmentsFromBefore() throws {
        var admission = Admission(settings: .init(queuedSegments: 0))
        let before = try admission.admit(a, at: now)
        admission.end(a)
        let after = try admission.admit(a, at: now)
        admission.done(before, at: now)
        #expect(admission.pendingCount == 1)
        #expect(throws: SegmentFailure(.busy, "OrchestratorBusy")) { try admission.admit(a, at: now) }
        admission.done(after, at: now)
        #expect(admission.pendingCount == 0)
    }
}
