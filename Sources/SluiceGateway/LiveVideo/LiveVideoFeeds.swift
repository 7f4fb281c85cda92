import SluiceTypes
import Synchronization

/// The segments of a source while they are cut, for one who wants the newest and no backlog: whoever is slow goes on with the newest.
final class LiveVideoFeeds: Sendable {
    struct Place: Sendable {
        let number: Int
        let feed: SegmentFeed
    }

    private struct State {
        var newest: Place?
        var isEnded = false
        var waiting: [(id: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var waits = 0
    }

    private let state = Mutex(State())

    /// Called on the publisher's thread. After the end nobody wants it: the publisher may go on, as where the work was stopped.
    func opened(_ feed: SegmentFeed) {
        change { state in
            guard !state.isEnded else { return }
            state.newest = Place(number: (state.newest?.number ?? -1) + 1, feed: feed)
        }
    }

    func end() { change { $0.isEnded = true } }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// The newest segment, if it comes after this one, or else the next.
    ///
    /// - Parameter number: of the last one had; `nil` for none.
    /// - Returns: `nil` at the end, and to a task that is cancelled.
    func next(after number: Int?) async -> Place? {
        while !Task.isCancelled {
            let (newest, isEnded) = state.withLock { ($0.newest, $0.isEnded) }
            if let newest, newest.number > number ?? -1 { return newest }
            if isEnded { return nil }
            await stirred(since: newest?.number)
        }
        return nil
    }

    private func change(_ body: (inout State) -> Void) {
        let waiting = state.withLock { state in
            body(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.continuation.resume() }
    }

    private func stirred(since number: Int?) async {
        let id = state.withLock { state in
            state.waits += 1
            return state.waits
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.newest?.number == number, !state.isEnded, !Task.isCancelled else { return true }
                    state.waiting.append((id, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let one = state.withLock { state in
                state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
            }
            one?.continuation.resume()
        }
    }
}
