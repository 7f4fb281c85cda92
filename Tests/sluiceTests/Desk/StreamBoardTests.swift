@testable import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

@Suite struct StreamBoardTests {
    private func decision(_ stream: StreamID, _ number: Int64, finish: Double?, hedged: Bool = false) -> RouteDecision {
        let cut = Moment(seconds: Double(number) * 2)
        let first = OrchestratorID("https://a:1")
        let second = OrchestratorID("https://b:1")
        var attempts = [RouteDecision.Attempt(orchestrator: first, role: .primary, sent: cut, hedgeAt: cut)]
        if hedged { attempts.append(RouteDecision.Attempt(orchestrator: second, role: .hedge, sent: cut, hedgeAt: cut)) }
        if finish != nil { attempts[attempts.count - 1].result = .won }
        attempts[0].cost = 10
        var decision = RouteDecision(
            stream: stream, sequence: SegmentSequence(number), cut: cut, decided: cut,
            workClass: WorkClass(codec: .h264, outputPixelRate: 1_000_000), target: 1, deadline: cut.advanced(bySeconds: 3),
            giveUp: cut.advanced(bySeconds: 8), candidates: 2, leftOut: [], leftOutCount: 0, considered: [], choice: first, reason: .stay)
        decision.attempts = attempts
        decision.finish = finish
        if finish == nil { decision.failure = SegmentFailure(.timedOut, "late") }
        return decision
    }

    @Test func aStreamIsSummedUpWhileItPasses() throws {
        let board = StreamBoard()
        let cam = try #require(StreamID("cam"))
        board.decided(decision(cam, 0, finish: 0.5))
        #expect(board.row(cam) == nil, "nothing is kept of a stream that is not open")
        board.opened(cam, tenant: "acme")
        for number in 0..<40 as Range<Int64> { board.decided(decision(cam, number, finish: 0.5)) }
        board.decided(decision(cam, 40, finish: 4))
        board.decided(decision(cam, 41, finish: nil))
        board.decided(decision(cam, 42, finish: 0.25, hedged: true))
        let row = try #require(board.row(cam))
        #expect(row.segments == 43 && row.missed == 2 && row.lost == 1 && row.hedges == 1 && row.costWei == 430)
        #expect(row.recent.count == StreamBoard.recentSegments && row.recent.suffix(3) == [4000, nil, 250])
        #expect(row.recentMisses == 0b110 && row.orchestrator?.rawValue == "https://b:1" && row.tenant == "acme")
        #expect(row.targetMs == 1000 && row.deadlineMs == 3000 && row.sequence == 42)
        // One that comes home late says nothing of now.
        board.decided(decision(cam, 39, finish: 2))
        #expect(board.row(cam)?.sequence == 42 && board.row(cam)?.finishMs == 250)
        for number in 50..<90 as Range<Int64> { board.decided(decision(cam, number, finish: 0.5)) }
        #expect(board.row(cam)?.recentMisses == 0)
        board.ended(cam)
        #expect(board.row(cam) == nil)
    }
}
