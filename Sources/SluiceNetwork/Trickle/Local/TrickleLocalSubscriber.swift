package import SluiceTypes
package import SluiceWire
import NIOCore
import Synchronization

/// Reads a channel of this process.
package final class TrickleLocalSubscriber: TrickleSubscriber {
    /// Taken at a time.
    private static let burst = 64 << 10

    private struct State {
        var subscription: TrickleSubscription
        var current: Reading?
    }

    private let table: TrickleTable
    private let name: String
    private let state: Mutex<State>

    /// - Parameter name: one that is good for reading.
    package init(_ name: String, of table: TrickleTable, from start: TrickleIndex = .newest) {
        self.table = table
        self.name = name
        state = Mutex(State(subscription: TrickleSubscription(from: start)))
    }

    deinit { state.withLock { $0.current }?.leave() }

    package func next() async throws -> TrickleIncoming? {
        state.withLock { state in
            defer { state.current = nil }
            return state.current
        }?.leave()
        let relay: TrickleRelay
        switch table.find(name, for: .read) {
        case .channel(let found), .closed(let found): relay = found
        case .forbidden, .unknown: return try missing()
        }
        while true {
            let wanted = state.withLock { $0.subscription.wanted }
            switch relay.subscribe(to: wanted) {
            case .reader(let reader, let segment, _):
                let reading = Reading(reader, of: segment, on: relay)
                state.withLock { $0.current = reading }
                let end = try await reading.begun()
                if let end, end.isChannelClosed { return nil }
                return take(segment.sequence, reading, relay)
            case .notFound(let sequence, let latest):
                let step = state.withLock {
                    $0.subscription.answered(status: 470, sequence: sequence, latest: latest, isClosed: false)
                }
                switch step {
                case .ask(let pause): if pause > .zero { try await Task.sleep(for: pause) }
                default: throw TrickleFailure.refused(status: 470, text: "")
                }
            case .closed: return try missing()
            case .full(let limit): throw TrickleFailure.limitReached("the channel has \(limit) readers, its limit")
            }
        }
    }

    private func missing() throws -> TrickleIncoming? {
        let step = state.withLock { $0.subscription.answered(status: 404, sequence: nil, latest: nil, isClosed: false) }
        guard step == .end else { throw TrickleFailure.noSuchChannel }
        return nil
    }

    private func take(_ sequence: Int64, _ reading: Reading, _ relay: TrickleRelay) -> TrickleIncoming {
        let step = state.withLock {
            $0.subscription.answered(status: 200, sequence: sequence, latest: nil, isClosed: false)
        }
        let skipped: Int64 = if case .take(_, let skipped) = step { skipped } else { 0 }
        return TrickleIncoming(sequence: sequence, contentType: relay.contentType, skipped: skipped) { try await reading.next() }
    }

    /// One segment being read.
    private final class Reading: Sendable {
        private struct State {
            var pieces: [ByteBuffer] = []
            var end: TrickleEnd?
            var hasLeft = false
        }

        private let reader: TrickleReaderID
        private let relay: TrickleRelay
        private let listener: TrickleRelay.Listener
        private let stirs: AsyncStream<Void>
        private let state = Mutex(State())

        init(_ reader: TrickleReaderID, of segment: TrickleSegmentID, on relay: TrickleRelay) {
            self.reader = reader
            self.relay = relay
            let (stirs, stir) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            self.stirs = stirs
            listener = relay.listen(to: segment, on: nil) { stir.yield() }
        }

        deinit { leave() }

        /// Waits for the first byte, or the end without any.
        func begun() async throws -> TrickleEnd? {
            while true {
                fill()
                let (hasPieces, end) = state.withLock { (!$0.pieces.isEmpty, $0.end) }
                if hasPieces { return nil }
                if let end { return end }
                try await wait()
            }
        }

        func next() async throws -> ByteBuffer? {
            while true {
                if let piece = state.withLock({ $0.pieces.isEmpty ? nil : $0.pieces.removeFirst() }) { return piece }
                fill()
                let (hasPieces, end) = state.withLock { (!$0.pieces.isEmpty, $0.end) }
                if hasPieces { continue }
                if let end {
                    leave()
                    if let cut = end.cut { throw TrickleFailure.cut(cut.rawValue) }
                    return nil
                }
                try await wait()
            }
        }

        func leave() {
            let isFirst = state.withLock { state in
                defer { state.hasLeft = true }
                return !state.hasLeft
            }
            guard isFirst else { return }
            relay.forget(listener)
            relay.leave(reader)
        }

        private func fill() {
            guard !state.withLock({ $0.hasLeft || $0.end != nil }) else { return }
            let reading = relay.read(reader, upTo: TrickleLocalSubscriber.burst)
            if let firstByte = reading.firstByte { relay.arrived(since: firstByte) }
            state.withLock { state in
                state.pieces += reading.pieces
                if case .ended(let end) = reading.next { state.end = end }
            }
        }

        private func wait() async throws {
            for await _ in stirs { return }
            throw CancellationError()
        }
    }
}
