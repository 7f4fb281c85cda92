import NIOCore
import SluiceMarket
import Synchronization

/// Tells every subscriber what changes in the catalogue, as server-sent events. Each has a queue with a bound; who does not read ends, and
/// comes again with the number of the last change it had.
final class ChangeFeed: Sendable {
    static let mostSubscribers = 1000
    /// Changes kept for those who come again.
    private static let kept = 4096
    /// Pieces that may wait for one subscriber: with ten thousand offers in one piece it is still a piece.
    private static let mostWaiting = 256

    private struct State {
        var recent: [OfferChange] = []
        var subscribers: [Int: AsyncStream<ByteBuffer>.Continuation] = [:]
        var next = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - seen: the number of the last change that the subscriber knows; `nil` for one that is new.
    ///   - version: the catalogue's now.
    /// - Returns: `nil` where there are too many already, and after `close`.
    func subscribe(after seen: UInt64?, version: UInt64) -> AsyncStream<ByteBuffer>? {
        state.withLock { state in
            guard state.subscribers.count < Self.mostSubscribers, !state.isClosed else { return nil }
            let (pieces, put) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(Self.mostWaiting))
            put.yield(Self.beginning(after: seen, version: version, state.recent))
            let number = state.next
            state.next += 1
            state.subscribers[number] = put
            put.onTermination = { [weak self] _ in self?.leave(number) }
            return pieces
        }
    }

    private static func beginning(after seen: UInt64?, version: UInt64, _ recent: [OfferChange]) -> ByteBuffer {
        guard let seen, seen <= version else { return reset(version) }
        if seen == version { return ByteBuffer(string: ": nothing has changed since\n\n") }
        // Only when all of what was missed is still here.
        guard let first = recent.first, first.version <= seen + 1 else { return reset(version) }
        return text(of: recent.filter { $0.version > seen })
    }

    /// The list is to be fetched anew.
    private static func reset(_ version: UInt64) -> ByteBuffer {
        ByteBuffer(string: "id: \(version)\nevent: reset\ndata: {\"version\":\(version)}\n\n")
    }

    private static func text(of changes: [OfferChange]) -> ByteBuffer {
        var bytes = ByteBuffer()
        for change in changes {
            bytes.writeString("id: \(change.version)\nevent: \(change.name)\ndata: ")
            bytes.writeBytes(change.json)
            bytes.writeString("\n\n")
        }
        return bytes
    }

    func tell(_ changes: [OfferChange]) {
        guard !changes.isEmpty else { return }
        let bytes = Self.text(of: changes)
        send(bytes) { state in
            state.recent += changes
            if state.recent.count > Self.kept { state.recent.removeFirst(state.recent.count - Self.kept) }
        }
    }

    /// So that a connection that nothing comes over is not taken for dead.
    func keepAlive() { send(ByteBuffer(string: ": still here\n\n")) }

    /// Ends everybody's, for good.
    func close() {
        let all = state.withLock { state in
            defer {
                state.subscribers = [:]
                state.isClosed = true
            }
            return Array(state.subscribers.values)
        }
        for put in all { put.finish() }
    }

    var subscribers: Int { state.withLock { $0.subscribers.count } }

    private func send(_ bytes: ByteBuffer, _ change: (inout State) -> Void = { _ in }) {
        // Ended outside of the lock: ending one takes it out of the table.
        let slow = state.withLock { state in
            change(&state)
            return state.subscribers.values.filter { put in
                if case .dropped = put.yield(bytes) { true } else { false }
            }
        }
        for put in slow { put.finish() }
    }

    private func leave(_ number: Int) { state.withLock { $0.subscribers[number] = nil } }
}
