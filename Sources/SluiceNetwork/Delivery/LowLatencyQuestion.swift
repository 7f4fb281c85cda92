import HTTPTypes
import NIOCore

/// A viewer's request that waits for a word on its token: the one task that a request below `/ll/` ever has, once for each new token.
///
/// On one event loop but for the question itself.
final class LowLatencyQuestion {
    private enum State {
        case asking(Task<Void, Never>?)
        case serving(cancel: (() -> Void)?)
        case over
    }

    private let endpoint: LowLatencyEndpoint
    private let door: ViewerDoor
    private let loop: any EventLoop
    private let completion: (HTTPDirectAnswer) -> Void
    private var state = State.asking(nil)

    init(_ endpoint: LowLatencyEndpoint, _ door: ViewerDoor, _ loop: any EventLoop, _ completion: @escaping (HTTPDirectAnswer) -> Void) {
        self.endpoint = endpoint
        self.door = door
        self.loop = loop
        self.completion = completion
    }

    /// - Returns: what cancels it.
    func ask(_ request: ViewRequest, _ path: ViewerPath, _ head: HTTPRequest) -> () -> Void {
        let bound = NIOLoopBound(self, eventLoop: loop)
        // Owned by this one: cancelled when nobody waits for the answer any more.
        let task = Task { [door, loop] in
            let verdict = await door.ask(request)
            loop.execute { bound.value.take(door.entry(verdict, path, head)) }
        }
        state = .asking(task)
        return cancel
    }

    private func take(_ entry: ViewerDoor.Entry) {
        guard case .asking = state else { return }
        state = .serving(cancel: nil)
        let cancel = endpoint.take(entry, on: loop) { [self] answer in
            state = .over
            completion(answer)
        }
        if let cancel { state = .serving(cancel: cancel) }
    }

    private func cancel() {
        switch state {
        case .asking(let task): task?.cancel()
        case .serving(let cancel): cancel?()
        case .over: break
        }
        state = .over
    }
}
