import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// One channel in this process: the machine behind a lock, and those who wait for it.
///
/// Who waits is told on its own event loop, all of a loop by one call: at once on the loop that the change comes from, on others no more
/// often than they come round. So a publisher does the same little work for one reader elsewhere and for a thousand.
final class TrickleRelay: Sendable {
    /// Who is told that its segment stirred, or, as one who writes it, that it has ended.
    struct Listener: Hashable, Sendable {
        fileprivate let number: Int
        fileprivate let segment: TrickleSegmentID
    }

    private struct Circle {
        /// `nil` for those who are told at once.
        let loop: (any EventLoop)?
        var isTold = false
        var listeners: [(number: Int, tell: @Sendable () -> Void)] = []
    }

    private struct State {
        var channel: TrickleChannel
        var circles: [TrickleSegmentID: [Circle]] = [:]
        /// Those who write, by segment.
        var writers: [TrickleSegmentID: [(number: Int, loop: any EventLoop, tell: @Sendable () -> Void)]] = [:]
        var listenersMade = 0
        var watchers: [Int: (topic: Topic, tell: @Sendable () -> Void)] = [:]
        var delays = TrickleDelays()
    }

    /// What one who watches the channel is told of.
    enum Topic {
        /// The first comes, or the last goes, of those who write, or read; and the channel's end.
        case presence
        case everyChange
    }

    let contentType: String
    /// Sets it apart, in the tags given to caches, from another channel of the same name.
    let mark = String(UInt32.random(in: .min ... .max), radix: 36)
    private let state: Mutex<State>
    private let memory: TrickleMemory
    private let metrics: TrickleMetrics

    init(contentType: String, limits: TrickleLimits, memory: TrickleMemory, metrics: TrickleMetrics) {
        self.contentType = contentType
        self.memory = memory
        self.metrics = metrics
        self.state = Mutex(State(channel: TrickleChannel(contentType: contentType, limits: limits, at: .now)))
    }

    /// The last reader of a closed channel has gone.
    deinit { memory.change(by: -state.withLock { $0.channel.cost }) }

    var nextWrite: Int64 { state.withLock { $0.channel.nextWrite } }
    var presence: TrickleChannel.Presence { state.withLock { $0.channel.presence } }
    var status: TrickleChannelStatus { state.withLock { $0.channel.status } }
    var delays: TrickleDelays { state.withLock { $0.delays } }

    func open(_ sequence: Int64?, resets: Bool) -> TrickleOpening {
        change { $0.open(sequence, resets: resets, at: .now) }
    }

    /// - Returns: `nil` when the memory of the whole server is used up; the segment is cut then.
    func append(_ bytes: ByteBuffer, to segment: TrickleSegmentID) -> TrickleAppend? {
        if !memory.hasRoom(for: bytes.readableBytes) { memory.relieve() }
        let result = change { channel -> TrickleAppend? in
            let before = channel.cost
            while !memory.hasRoom(for: bytes.readableBytes + channel.cost - before) {
                guard channel.dropOldest() else {
                    channel.cut(segment, at: .now)
                    return nil
                }
            }
            return channel.append(bytes, to: segment, at: .now)
        }
        if result == .taken { metrics.bytesIn.increment(by: bytes.readableBytes) }
        return result
    }

    func finish(_ segment: TrickleSegmentID) -> Bool { change { $0.finish(segment, at: .now) } }
    func abandon(_ segment: TrickleSegmentID) { change { $0.abandon(segment, at: .now) } }
    func closeSegment(_ sequence: Int64) -> Bool { change { $0.closeSegment(sequence, at: .now) } }
    func close() { change { $0.close(at: .now) } }
    func writing(of segment: TrickleSegmentID) -> TrickleWriting { state.withLock { $0.channel.status(of: segment) } }

    /// - Returns: whether nothing was written for the idle time.
    func sweep(at now: ContinuousClock.Instant) -> Bool {
        change {
            $0.evict(at: now)
            return $0.isIdle(at: now)
        }
    }

    func subscribe(to index: TrickleIndex) -> TrickleSubscribing {
        let found = change { $0.subscribe(to: index) }
        if case .reader = found { metrics.readers.add(1) }
        return found
    }

    func read(_ reader: TrickleReaderID, upTo limit: Int) -> TrickleReading {
        let reading = state.withLock { $0.channel.read(reader, upTo: limit) }
        metrics.bytesOut.increment(by: reading.pieces.reduce(0) { $0 + $1.readableBytes })
        return reading
    }

    /// - Returns: `false` when its segment has left the window.
    func holds(_ reader: TrickleReaderID) -> Bool { state.withLock { $0.channel.holds(reader) } }

    func leave(_ reader: TrickleReaderID) {
        metrics.readers.add(-1)
        change { $0.leave(reader) }
    }

    /// A reader who waited for the segment's first byte has it.
    func arrived(since firstByte: ContinuousClock.Instant) {
        let delay = firstByte.duration(to: .now)
        metrics.delay.observe(delay / .seconds(1))
        state.withLock { state in
            state.delays.count += 1
            state.delays.total += delay
            state.delays.longest = max(state.delays.longest, delay)
        }
    }

    // MARK: telling

    /// - Parameter tell: called on `loop`, or without one wherever the change comes from; then it must return at once. It must not change
    ///   the channel.
    func listen(to segment: TrickleSegmentID, on loop: (any EventLoop)?, _ tell: @escaping @Sendable () -> Void) -> Listener {
        state.withLock { state in
            state.listenersMade += 1
            let number = state.listenersMade
            var circles = state.circles[segment] ?? []
            if let place = circles.firstIndex(where: { $0.loop === loop }) {
                circles[place].listeners.append((number, tell))
            } else {
                circles.append(Circle(loop: loop, listeners: [(number, tell)]))
            }
            state.circles[segment] = circles
            return Listener(number: number, segment: segment)
        }
    }

    /// - Parameter tell: called on `loop`, at the earliest when it next comes round, once the segment or its channel has ended.
    func listenAsWriter(of segment: TrickleSegmentID, on loop: any EventLoop, _ tell: @escaping @Sendable () -> Void) -> Listener {
        state.withLock { state in
            state.listenersMade += 1
            state.writers[segment, default: []].append((state.listenersMade, loop, tell))
            return Listener(number: state.listenersMade, segment: segment)
        }
    }

    func forget(_ listener: Listener) {
        state.withLock { state in
            if var writers = state.writers.removeValue(forKey: listener.segment) {
                writers.removeAll { $0.number == listener.number }
                if !writers.isEmpty { state.writers[listener.segment] = writers }
            }
            guard var circles = state.circles.removeValue(forKey: listener.segment) else { return }
            for place in circles.indices { circles[place].listeners.removeAll { $0.number == listener.number } }
            circles.removeAll { $0.listeners.isEmpty }
            if !circles.isEmpty { state.circles[listener.segment] = circles }
        }
    }

    /// - Parameter tell: called under no lock, from wherever the change comes; must return at once.
    /// - Returns: to be given to `unwatch`.
    func watch(_ topic: Topic = .presence, _ tell: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.listenersMade += 1
            state.watchers[state.listenersMade] = (topic, tell)
            return state.listenersMade
        }
    }

    func unwatch(_ number: Int) { state.withLock { _ = $0.watchers.removeValue(forKey: number) } }

    /// Whom a change concerns.
    private struct Due {
        /// `isTold`: by a call that is on its way already.
        var circles: [(loop: (any EventLoop)?, segment: TrickleSegmentID, isTold: Bool)] = []
        var writers: [(loop: any EventLoop, tell: @Sendable () -> Void)] = []
        var watchers: [@Sendable () -> Void] = []
    }

    private func change<Result: Sendable>(_ body: (inout TrickleChannel) -> Result) -> Result {
        let (result, due) = state.withLock { state in
            let presence = state.watchers.isEmpty ? nil : state.channel.presence
            let before = state.channel.cost
            let result = body(&state.channel)
            memory.change(by: state.channel.cost - before)
            var due = Due()
            for segment in state.channel.takeStirred() {
                if state.channel.status(of: segment) != .open, let writers = state.writers[segment] {
                    due.writers += writers.map { ($0.loop, $0.tell) }
                }
                guard var circles = state.circles.removeValue(forKey: segment) else { continue }
                for place in circles.indices {
                    due.circles.append((circles[place].loop, segment, circles[place].isTold))
                    circles[place].isTold = circles[place].loop.map { !$0.inEventLoop } ?? false
                }
                state.circles[segment] = circles
            }
            if let presence {
                let isOther = presence != state.channel.presence
                due.watchers = state.watchers.values.filter { isOther || $0.topic == .everyChange }.map(\.tell)
            }
            return (result, due)
        }
        if !due.circles.isEmpty || !due.writers.isEmpty || !due.watchers.isEmpty { tell(due) }
        return result
    }

    private func tell(_ due: Due) {
        for tell in due.watchers { tell() }
        // Other loops have a thread to wake: they come first.
        for circle in due.circles where !circle.isTold {
            guard let loop = circle.loop, !loop.inEventLoop else { continue }
            loop.execute { self.tell(circle.segment, on: loop) }
        }
        for circle in due.circles where circle.loop?.inEventLoop ?? true { tell(circle.segment, on: circle.loop) }
        for writer in due.writers { writer.loop.execute(writer.tell) }
    }

    private func tell(_ segment: TrickleSegmentID, on loop: (any EventLoop)?) {
        let listeners = state.withLock { state -> [(number: Int, tell: @Sendable () -> Void)] in
            guard let place = state.circles[segment]?.firstIndex(where: { $0.loop === loop }) else { return [] }
            state.circles[segment]?[place].isTold = false
            return state.circles[segment]?[place].listeners ?? []
        }
        for listener in listeners { listener.tell() }
    }
}

/// From a segment's first byte in to the first byte out, over all readers who waited for one.
package struct TrickleDelays: Hashable, Sendable {
    package var count = 0
    package var total: Duration = .zero
    package var longest: Duration = .zero
}

/// What all channels of a server hold together.
final class TrickleMemory: Sendable {
    private let limit: Int
    private let held = Atomic<Int>(0)
    private let relief = Mutex<(@Sendable () -> Void)?>(nil)

    init(limit: Int) { self.limit = limit }

    /// - Parameter relief: gives up what nobody may miss.
    func whenFull(_ relief: @escaping @Sendable () -> Void) { self.relief.withLock { $0 = relief } }
    func relieve() { relief.withLock { $0 }?() }

    var level: Int { held.load(ordering: .relaxed) }
    /// Channels ask at the same time, so the limit can be overshot by a piece each.
    func hasRoom(for bytes: Int) -> Bool { level + bytes <= limit }
    func change(by bytes: Int) { held.add(bytes, ordering: .relaxed) }
}
