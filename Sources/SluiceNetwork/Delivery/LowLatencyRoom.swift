import NIOCore
import SluiceTypes

/// Those of one event loop who wait for a part or a playlist: no task, no timer for each.
final class LowLatencyRoom: WaitingRoom {
    private struct Seat {
        var deadline: NIODeadline
        var cancel: @Sendable () -> Void
        var answer: (LowLatencyAnswer) -> Void
    }

    private struct State {
        var lastTicket: UInt64 = 0
        var seats: [UInt64: Seat] = [:]
        var isSweeping = false
    }

    /// How late somebody may be told that what he waits for does not come: little against the seconds that he has waited.
    private static let sweepInterval: TimeAmount = .milliseconds(250)

    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    /// On `loop`.
    init(loop: any EventLoop) {
        self.loop = loop
        state = NIOLoopBoundBox(State(), eventLoop: loop)
    }

    /// On the room's event loop.
    ///
    /// - Parameter ask: gets a waiter for this request.
    /// - Parameter answer: called once, here or later, unless cancelled.
    /// - Returns: what cancels the wait; `nil` when the answer has been given.
    func ask(
        acceptsGzip: Bool, _ ask: (Waiter) -> LowLatencyAnswer, answer: @escaping (LowLatencyAnswer) -> Void
    ) -> (() -> Void)? {
        state.value.lastTicket += 1
        let ticket = state.value.lastTicket
        let first = ask(Waiter(room: self, ticket: ticket, acceptsGzip: acceptsGzip))
        guard case .waiting(let giveUpAfter, let cancel) = first else {
            answer(first)
            return nil
        }
        // Told from another thread meanwhile, the answer comes with the loop's next turn and finds its seat.
        state.value.seats[ticket] = Seat(deadline: .now() + TimeAmount(giveUpAfter), cancel: cancel, answer: answer)
        if !state.value.isSweeping { sweepLater() }
        return { [self] in state.value.seats.removeValue(forKey: ticket)?.cancel() }
    }

    func deliver(_ answer: LowLatencyAnswer, to tickets: [UInt64]) {
        loop.execute {
            for ticket in tickets { self.state.value.seats.removeValue(forKey: ticket)?.answer(answer) }
        }
    }

    private func sweepLater() {
        state.value.isSweeping = true
        loop.scheduleTask(in: Self.sweepInterval) { self.sweep() }
    }

    private func sweep() {
        let now = NIODeadline.now()
        for (ticket, seat) in state.value.seats where seat.deadline <= now {
            state.value.seats[ticket] = nil
            seat.cancel()
            seat.answer(.unavailable("it did not come within three target durations"))
        }
        state.value.isSweeping = !state.value.seats.isEmpty
        if state.value.isSweeping { sweepLater() }
    }
}
