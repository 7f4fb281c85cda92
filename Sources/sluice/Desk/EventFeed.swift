import Foundation
import NIOCore
import Synchronization

/// What happens in a gateway, as it happens, for whoever listens: server-sent events (`GET /api/v1/events`).
///
/// Publishing never waits. The last events are kept, so that one whose connection broke misses nothing it can still be told.
final class EventFeed: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case streamStarted = "stream-started"
        case streamEnded = "stream-ended"
        case decision, miss, hedge, ejection, recovery
        /// Settings, service levels and orders of operators.
        case change
    }

    /// An event, rendered when the first listener wants it: without listeners it costs next to nothing.
    final class Event: Sendable {
        let number: Int
        let kind: Kind
        private let id: String
        private let write: @Sendable (inout ByteBuffer) -> Void
        private let rendered: Mutex<ByteBuffer?> = Mutex(nil)

        fileprivate init(number: Int, life: String, kind: Kind, write: @escaping @Sendable (inout ByteBuffer) -> Void) {
            self.number = number
            self.kind = kind
            self.id = "\(life)-\(number)"
            self.write = write
        }

        var frame: ByteBuffer {
            rendered.withLock { rendered in
                if let rendered { return rendered }
                var fresh = ByteBuffer(string: "id: \(id)\nevent: \(kind.rawValue)\ndata: ")
                write(&fresh)
                fresh.writeString("\n\n")
                rendered = fresh
                return fresh
            }
        }
    }

    enum Item: Sendable {
        case event(Event)
        /// How everything stands, for those who asked for it.
        case overview(ByteBuffer)
        /// A second has passed.
        case tick
    }

    /// A minute of a gateway with ten streams; what a page shows when it opens.
    static let kept = 256
    /// Consoles left open for a day in all browsers of a team.
    static let mostListeners = 64

    private struct State {
        var number = 0
        var recent: [Event] = []
        var listeners: [EventListening] = []
        var isClosed = false
    }

    /// Tells this run of the program from the one before, whose numbers began at the same place.
    private let life: String
    private let state = Mutex(State())

    init() { life = String(UInt64(Date().timeIntervalSince1970 * 1000), radix: 36) }

    func publish(_ kind: Kind, _ value: some Encodable & Sendable) {
        state.withLock { state in
            state.number += 1
            let event = Event(number: state.number, life: life, kind: kind) { Self.write(value, to: &$0) }
            if state.recent.count == Self.kept { state.recent.removeFirst() }
            state.recent.append(event)
            for listener in state.listeners { listener.put(event) }
        }
    }

    /// Once a second.
    ///
    /// - Parameter overview: made only when anybody wants it.
    func tick(overview: () -> ByteBuffer) {
        let wanted = state.withLock { $0.listeners.contains { $0.wantsOverview } }
        let picture = wanted ? overview() : nil
        state.withLock { state in
            for listener in state.listeners { listener.tick(listener.wantsOverview ? picture : nil) }
        }
    }

    /// - Parameter last: the id of the last event that the listener had; what came after it comes first. Without one, or with one from
    ///   before a restart, all that is kept does.
    /// - Returns: `nil` when there are too many listeners, or the gateway is about to end.
    func listen(after last: String?, wantsOverview: Bool) -> EventListening? {
        let parts = (last ?? "").split(separator: "-")
        let known = parts.count == 2 && parts[0] == life ? Int(parts[1]) ?? 0 : 0
        return state.withLock { state in
            guard !state.isClosed, state.listeners.count < Self.mostListeners else { return nil }
            let listening = EventListening(wantsOverview: wantsOverview)
            for event in state.recent where event.number > known { listening.put(event) }
            state.listeners.append(listening)
            return listening
        }
    }

    func leave(_ listening: EventListening) {
        state.withLock { $0.listeners.removeAll { $0 === listening } }
        listening.end()
    }

    /// Ends all listening: a page that is open must not hold up the end of the program.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.listeners = [] }
            return state.listeners
        }
        for listening in left { listening.end() }
    }

    var listeners: Int { state.withLock { $0.listeners.count } }

    /// A listener who cannot be told what happened is told that something did.
    private static func write(_ value: some Encodable, to frame: inout ByteBuffer) {
        let start = frame.writerIndex
        do { try DirectJSON.write(value, to: &frame) } catch {
            frame.moveWriterIndex(to: start)
            frame.writeString("{}")
        }
    }
}
