import NIOCore
import SluiceWire

/// The viewers of one stream on one event loop. Everything but `send`, `begin` and `closeAll` runs on that loop.
final class RTMPViewers: Sendable {
    /// Told to a viewer's channel when it must go; its handler closes it.
    enum Stuck: CustomStringConvertible {
        case forTooLong(TimeAmount)
        case withTooMuch(bytes: Int)

        var description: String {
            switch self {
            case .forTooLong(let time): "has not caught up for \(time.nanoseconds / 1_000_000) ms"
            case .withTooMuch(let bytes): "has \(bytes) bytes still to take"
            }
        }
    }

    private struct Viewer {
        let channel: any Channel
        /// Nothing but headers until the next key frame: it has just come, or it lagged.
        var waitsForKey: Bool
        var stalledSince: NIODeadline?
        var hasUnflushed = false
    }

    private final class Table {
        var viewers: [Viewer] = []
        var flush: Scheduled<Void>?
        /// Whose frames are delivered; late ones of a publisher before that are not.
        var turn: Int

        init(turn: Int) { self.turn = turn }
    }

    /// Sound waits this long for a picture to share a system call with; a fifth of what a person can hear as early.
    private static let audioFlushDelay: TimeAmount = .milliseconds(10)

    private let loop: any EventLoop
    private let limits: RTMPLimits
    private let table: NIOLoopBound<Table>

    /// Call on `loop`.
    init(loop: any EventLoop, limits: RTMPLimits, turn: Int) {
        self.loop = loop
        self.limits = limits
        self.table = NIOLoopBound(Table(turn: turn), eventLoop: loop)
    }

    var isEmpty: Bool { table.value.viewers.isEmpty }

    func add(_ channel: any Channel, waitsForKey: Bool) {
        // The headers before it may have filled its socket already.
        let stalledSince = channel.isWritable ? nil : NIODeadline.now()
        table.value.viewers.append(Viewer(channel: channel, waitsForKey: waitsForKey, stalledSince: stalledSince))
    }

    func remove(_ channel: any Channel) {
        table.value.viewers.removeAll { $0.channel === channel }
    }

    /// From any thread; frames of one caller keep their order.
    func send(_ frame: RTMPFrame, turn: Int) {
        if loop.inEventLoop { deliver(frame, turn) } else { loop.execute { self.deliver(frame, turn) } }
    }

    /// Another publisher goes on from here: all wait for its first key frame. From any thread, before its first frame.
    func begin(turn: Int) {
        let change: @Sendable () -> Void = {
            let table = self.table.value
            table.turn = turn
            for index in table.viewers.indices { table.viewers[index].waitsForKey = true }
        }
        if loop.inEventLoop { change() } else { loop.execute { change() } }
    }

    /// Tells every viewer that the stream is over, then closes. From any thread.
    func closeAll() {
        loop.execute {
            let leaving = self.table.value.viewers
            self.table.value.viewers = []
            let farewell = RTMPServerSession.endOfPlay()
            for viewer in leaving {
                viewer.channel.writeAndFlush(farewell, promise: nil)
                viewer.channel.close(promise: nil)
            }
        }
    }

    func writabilityChanged(of channel: any Channel) {
        guard let index = table.value.viewers.firstIndex(where: { $0.channel === channel }) else { return }
        table.value.viewers[index].stalledSince = channel.isWritable ? nil : .now()
    }

    private func deliver(_ frame: RTMPFrame, _ turn: Int) {
        let table = table.value
        guard turn == table.turn else { return }
        let isAudio = frame.kind == .audio
        var stuck: [(channel: any Channel, how: Stuck)] = []
        for index in table.viewers.indices {
            let channel = table.viewers[index].channel
            if !channel.isWritable {
                if let how = stuckness(of: table.viewers[index], before: frame) {
                    stuck.append((channel, how))
                    continue
                }
                if !frame.kind.isHeader {
                    // Its socket is full: it loses everything up to the next key frame.
                    table.viewers[index].waitsForKey = true
                    continue
                }
            }
            if frame.opensPlayback { table.viewers[index].waitsForKey = false }
            if table.viewers[index].waitsForKey, !frame.kind.isHeader { continue }
            channel.write(frame.bytes, promise: nil)
            table.viewers[index].hasUnflushed = isAudio
        }
        if isAudio {
            if !table.viewers.isEmpty, table.flush == nil {
                table.flush = loop.scheduleTask(in: Self.audioFlushDelay) { self.flushAudio() }
            }
        } else {
            for viewer in table.viewers { viewer.channel.flush() }
        }
        // Closing takes them out of the table.
        for (channel, how) in stuck { channel.pipeline.fireUserInboundEventTriggered(how) }
    }

    private func stuckness(of viewer: Viewer, before frame: RTMPFrame) -> Stuck? {
        if let since = viewer.stalledSince, NIODeadline.now() - since > limits.viewerStall { return .forTooLong(limits.viewerStall) }
        let unsent = Self.unsent(of: viewer.channel)
        return unsent + frame.bytes.readableBytes > limits.viewerMostUnsent ? .withTooMuch(bytes: unsent) : nil
    }

    /// Bytes written and not taken by the socket. On the channel's event loop.
    static func unsent(of channel: any Channel) -> Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    private func flushAudio() {
        let table = table.value
        table.flush = nil
        for index in table.viewers.indices where table.viewers[index].hasUnflushed {
            table.viewers[index].hasUnflushed = false
            table.viewers[index].channel.flush()
        }
    }
}
