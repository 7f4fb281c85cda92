import NIOCore
import Synchronization

/// The connections a server has open, so that all of them can be told of its end.
final class OpenConnections: Sendable {
    private struct Connection {
        let channel: any Channel
        /// A task serves it. One that nobody took up could not answer, and so would not end by itself.
        var isServed = false
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var isEnding = false
        var isPaused = false
    }

    private let most: Int
    private let state = Mutex(State())

    init(most: Int) { self.most = most }

    /// - Returns: `false` when there are too many, or the end has begun: the channel is to be closed then.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let (isWelcome, isPaused) = state.withLock { state in
            guard !state.isEnding, state.connections.count < most else { return (false, false) }
            state.connections[id] = Connection(channel: channel)
            return (true, state.isPaused)
        }
        guard isWelcome else { return false }
        if isPaused { _ = channel.setOption(.autoRead, value: false) }
        channel.closeFuture.whenComplete { _ in self.state.withLock { _ = $0.connections.removeValue(forKey: id) } }
        return true
    }

    /// A task serves it from now on.
    ///
    /// - Returns: `false` when the end has begun: it is being closed.
    func serve(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard !state.isEnding else { return false }
            state.connections[ObjectIdentifier(channel)]?.isServed = true
            return true
        }
    }

    /// Takes in nobody more, asks every connection to end in order, and closes what has not ended after `grace`. Returns when
    /// all are closed.
    func end(within grace: TimeAmount, on loop: any EventLoop) async {
        let (open, wasEnding) = beginEnd()
        if !wasEnding {
            for connection in open {
                if connection.isServed {
                    connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
                } else {
                    connection.channel.close(promise: nil)
                }
            }
        }
        let channels = open.map(\.channel)
        let deadline = loop.scheduleTask(in: grace) {
            for channel in channels { channel.close(promise: nil) }
        }
        for channel in channels { try? await channel.closeFuture.get() }
        deadline.cancel()
    }

    /// Returns once none is open. Call when no more come.
    func ended() async {
        while let channel = state.withLock({ $0.connections.values.first?.channel }) { try? await channel.closeFuture.get() }
    }

    /// Reads from no connection until told otherwise, new ones included. Returns when all that are open know it.
    func pause(_ isPaused: Bool) async {
        let channels = state.withLock { state in
            state.isPaused = isPaused
            return state.connections.values.map(\.channel)
        }
        // One that has closed meanwhile reads nothing anyway.
        for told in channels.map({ $0.setOption(.autoRead, value: !isPaused) }) { try? await told.get() }
    }

    /// Takes in nobody more and closes all at once.
    func close() {
        for connection in beginEnd().open { connection.channel.close(promise: nil) }
    }

    private func beginEnd() -> (open: [Connection], wasEnding: Bool) {
        state.withLock { state in
            defer { state.isEnding = true }
            return (Array(state.connections.values), state.isEnding)
        }
    }
}
