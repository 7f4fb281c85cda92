import Logging
import SluiceMarket
import SluiceTypes
import Synchronization

/// Bookings on their way to the books: taken at once, written in batches. What the disk cannot take now is kept and tried again.
final class BookingLane: Sendable {
    /// Twenty seconds of five thousand a second.
    static let mostWaiting = 100_000
    private static let batch = 2000
    private static let pause: Duration = .seconds(1)

    struct Status: Codable, Hashable, Sendable {
        var booked = 0
        var waiting = 0
        /// Bookings that found no place while the disk would not take any.
        var dropped = 0
        /// Why the last batch is not written yet.
        var problem: String?
    }

    private struct State {
        var waiting: [Booking] = []
        var status = Status()
        var names = StreamNames()
    }

    private let ledger: any Ledger
    private let logger: Logger
    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(ledger: any Ledger, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var status: Status {
        state.withLock { state in
            var status = state.status
            status.waiting = state.waiting.count
            return status
        }
    }

    func offer(_ bookings: [Booking]) {
        guard !bookings.isEmpty else { return }
        state.withLock { state in
            let room = max(0, Self.mostWaiting - state.waiting.count)
            for var booking in bookings.prefix(room) {
                booking.stream = state.names.booked(booking.stream, at: booking.at)
                state.waiting.append(booking)
            }
            state.status.dropped += max(0, bookings.count - room)
        }
        signal.yield()
    }

    /// Nothing is taken any more; what waits is still written.
    func finish() { signal.finish() }

    /// Writes until `finish`, and then what is left.
    func run() async {
        for await _ in signals {
            while await write() {}
        }
        _ = await write()
        let status = status
        if status.waiting + status.dropped > 0 {
            logger.error(
                "bookings lost",
                metadata: ["waiting": "\(status.waiting)", "dropped": "\(status.dropped)", "reason": "\(status.problem ?? "")"])
        }
    }

    /// - Returns: whether there is more.
    private func write() async -> Bool {
        let batch = state.withLock { Array($0.waiting.prefix(Self.batch)) }
        guard !batch.isEmpty else { return false }
        do {
            try await ledger.book(batch)
            return state.withLock { state in
                state.waiting.removeFirst(batch.count)
                state.status.booked += batch.count
                state.status.problem = nil
                return !state.waiting.isEmpty
            }
        } catch {
            let isNews = state.withLock { state in
                defer { state.status.problem = "\(error)" }
                return state.status.problem != "\(error)"
            }
            if isNews { logger.error("bookings not written yet", metadata: ["reason": "\(error)"]) }
            do { try await Task.sleep(for: Self.pause) } catch { return false }
            // The next signal, or the end, tries again.
            signal.yield()
            return false
        }
    }
}
