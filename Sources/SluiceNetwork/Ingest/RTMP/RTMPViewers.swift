import NIOCore
import SluiceWire

/// The viewers of one stream on one event loop. Everything but `send` and `closeAll` runs on that loop.
final class RTMPViewers: Sendable {
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
    }

    /// Sound waits this long for a picture to share a system call with; a fifth of what a person can hear as early.
    private static let audioFlushDelay: TimeAmount = .milliseconds(10)

    private let loop: any EventLoop
    private let stall: TimeAmount
    private let table: NIOLoopBound<Table>

    /// Call on `loop`.
    init(loop: any EventLoop, stall: TimeAmount) {
        self.loop = loop
        self.stall = stall
        self.table = NIOLoopBound(Table(), eventLoop: loop)
    }

    var isEmpty: Bool { table.value.viewers.isEmpty }

    func add(_ channel: any Channel, waitsForKey: Bool) {
        table.value.viewers.append(Viewer(channel: channel, waitsForKey: waitsForKey))
    }

    func remove(_ channel: any Channel) {
        table.value.viewers.removeAll { $0.channel === channel }
    }

    /// From any thread; frames of one caller keep their order.
    func send(_ frame: RTMPFrame) {
        if loop.inEventLoop { deliver(frame) } else { loop.execute { self.deliver(frame) } }
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

    private func deliver(_ frame: RTMPFrame) {
        let table = table.value
        let isAudio = frame.kind == .audio
        var stuck: [any Channel] = []
        for index in table.viewers.indices {
            let channel = table.viewers[index].channel
            if !channel.isWritable, !frame.kind.isHeader {
                // Its socket is full: it loses everything up to the next key frame.
                table.viewers[index].waitsForKey = true
                if let since = table.viewers[index].stalledSince, NIODeadline.now() - since > stall { stuck.append(channel) }
                continue
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
        for channel in stuck { channel.close(promise: nil) }
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
