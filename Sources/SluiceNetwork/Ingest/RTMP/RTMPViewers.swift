import NIOCore

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
        var viewers: [ObjectIdentifier: Viewer] = [:]
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

    func add(_ channel: any Channel, waitsForKey: Bool) {
        table.value.viewers[ObjectIdentifier(channel)] = Viewer(channel: channel, waitsForKey: waitsForKey)
    }

    func remove(_ channel: any Channel) {
        table.value.viewers[ObjectIdentifier(channel)] = nil
    }

    /// From any thread; frames of one caller keep their order.
    func send(_ frame: RTMPFrame) {
        if loop.inEventLoop { deliver(frame) } else { loop.execute { self.deliver(frame) } }
    }

    func closeAll() {
        loop.execute {
            for viewer in self.table.value.viewers.values { viewer.channel.close(promise: nil) }
        }
    }

    func writabilityChanged(of channel: any Channel) {
        table.value.viewers[ObjectIdentifier(channel)]?.stalledSince = channel.isWritable ? nil : .now()
    }

    private func deliver(_ frame: RTMPFrame) {
        let table = table.value
        let isAudio = frame.kind == .audio
        for key in table.viewers.keys {
            guard var viewer = table.viewers[key] else { continue }
            defer { if table.viewers[key] != nil { table.viewers[key] = viewer } }
            if let since = viewer.stalledSince, NIODeadline.now() - since > stall {
                viewer.channel.close(promise: nil)
                continue
            }
            switch frame.kind {
            case .keyFrame where viewer.channel.isWritable: viewer.waitsForKey = false
            case .video, .audio, .keyFrame:
                if !viewer.channel.isWritable { viewer.waitsForKey = true }
                if viewer.waitsForKey { continue }
            case .metadata, .videoHeader, .audioHeader: break
            }
            viewer.channel.write(frame.bytes, promise: nil)
            if isAudio { viewer.hasUnflushed = true } else {
                viewer.channel.flush()
                viewer.hasUnflushed = false
            }
        }
        if isAudio, table.flush == nil {
            table.flush = loop.scheduleTask(in: Self.audioFlushDelay) { self.flushAudio() }
        }
    }

    private func flushAudio() {
        let table = table.value
        table.flush = nil
        for key in table.viewers.keys where table.viewers[key]?.hasUnflushed == true {
            table.viewers[key]?.hasUnflushed = false
            table.viewers[key]?.channel.flush()
        }
    }
}
