import SluiceOrchestrator
import SluiceTypes
import Testing

@Suite struct AdmissionTests {
    private let now = ContinuousClock.now
    private let a = SessionID("a")
    private let b = SessionID("b")

    @Test func aSessionThatIsServedAlwaysHasRoom() throws {
        var admission = Admission(settings: .init(maxSessions: 1))
        try admission.admit(a, at: now)
        #expect(admission.hasRoom(for: a))
        #expect(!admission.hasRoom(for: b))
        #expect(!admission.hasRoom(for: nil))
        #expect(throws: SegmentFailure(.busy, "OrchestratorCapped")) { try admission.admit(b, at: now) }
        try admission.admit(a, at: now)
    }

    @Test func oneWorkedOnAndFourWaitingThenBusy() throws {
        var admission = Admission(settings: .init())
        for _ in 0..<5 { try admission.admit(a, at: now) }
        #expect(throws: SegmentFailure(.busy, "OrchestratorBusy")) { try admission.admit(a, at: now) }
        admission.done(a, at: now)
        try admission.admit(a, at: now)
    }

    @Test func idleSessionsGoAndBusyOnesStay() throws {
        var admission = Admission(settings: .init(maxSessions: 2))
        try admission.admit(a, at: now)
        try admission.admit(b, at: now)
        admission.done(b, at: now)
        #expect(admission.expire(at: now + .seconds(69)).isEmpty)
        #expect(admission.expire(at: now + .seconds(70)) == [b])
        #expect(admission.sessionCount == 1)
    }
}
