import NIOCore
import SluiceWire
import Synchronization

/// One name's messages on their way to its viewers: encoded once, handed to each event loop once. Outlives a publisher whose name
/// another takes over.
final class RTMPRelay: Sendable {
    /// One publisher's turn. What it sends after the next one's has begun goes nowhere.
    struct Feed: Sendable {
        let relay: RTMPRelay
        fileprivate let turn: Int

        /// From the publisher's event loop, in order. Costs a lock and nothing else while nobody watches.
        func publish(_ message: RTMPMessage) { relay.publish(message, turn) }

        /// Whether the end of this publisher is the end of the stream.
        var isCurrent: Bool { relay.state.withLock { $0.turn == turn && !$0.isBetweenPublishers } }
    }

    private struct Audience {
        let loop: any EventLoop
        let viewers: RTMPViewers
    }

    private struct State {
        var turn = 0
        var isBetweenPublishers = false
        var clock = RTMPRelayClock()
        var metadata: RTMPFrame?
        var video: RTMPFrame?
        var audio: RTMPFrame?
        var audiences: [Audience] = []
        var isOver = false
    }

    let address: RTMPAddress
    private let state = Mutex(State())

    init(address: RTMPAddress) { self.address = address }

    var isBetweenPublishers: Bool { state.withLock { $0.isBetweenPublishers } }

    func expectSuccessor() { state.withLock { $0.isBetweenPublishers = true } }

    /// Call on the publisher's event loop. Viewers that are there stay, and wait for its key frame.
    ///
    /// - Returns: `nil` when the relay has been closed.
    func nextTurn() -> Feed? {
        let begun: (turn: Int, audiences: [Audience])? = state.withLock { state in
            guard !state.isOver else { return nil }
            state.turn += 1
            state.isBetweenPublishers = false
            state.clock.change()
            state.metadata = nil
            state.video = nil
            state.audio = nil
            return (state.turn, state.audiences)
        }
        guard let begun else { return nil }
        for audience in begun.audiences { audience.viewers.begin(turn: begun.turn) }
        return Feed(relay: self, turn: begun.turn)
    }

    private func publish(_ message: RTMPMessage, _ turn: Int) {
        let kind = RTMPFrame.Kind(message)
        var message = message
        let now: (audiences: [Audience], hasVideo: Bool, time: UInt32)? = state.withLock { state in
            guard state.turn == turn else { return nil }
            return (state.audiences, state.video != nil, state.clock.time(of: message.timestamp, isHeader: kind.isHeader))
        }
        guard let now, kind.isHeader || !now.audiences.isEmpty else { return }
        message.timestamp = now.time
        let frame = RTMPFrame(kind, message, opensPlayback: kind == .keyFrame || kind == .audio && !now.hasVideo)
        guard kind.isHeader else { return now.audiences.forEach { $0.viewers.send(frame, turn: turn) } }
        // Those who join before this line get the header below, those after it from the state.
        let present: [Audience] = state.withLock { state in
            guard state.turn == turn else { return [] }
            switch kind {
            case .videoHeader: state.video = frame
            case .audioHeader: state.audio = frame
            default: state.metadata = frame
            }
            return state.audiences
        }
        present.forEach { $0.viewers.send(frame, turn: turn) }
    }

    /// On the viewer's event loop, after its play was accepted. It leaves by itself when its channel closes.
    func add(_ channel: any Channel, _ limits: RTMPLimits) {
        let loop = channel.eventLoop
        let joined: (viewers: RTMPViewers, headers: [RTMPFrame])? = state.withLock { state in
            guard !state.isOver else { return nil }
            let headers = [state.metadata, state.video, state.audio].compactMap(\.self)
            if let known = state.audiences.first(where: { $0.loop === loop }) { return (known.viewers, headers) }
            let audience = Audience(loop: loop, viewers: RTMPViewers(loop: loop, limits: limits, turn: state.turn))
            state.audiences.append(audience)
            return (audience.viewers, headers)
        }
        guard let joined else { return channel.close(promise: nil) }
        for frame in joined.headers { channel.write(frame.bytes, promise: nil) }
        channel.flush()
        joined.viewers.add(channel, waitsForKey: true)
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
    }

    /// The last viewer of an event loop takes the loop's audience along, so that nothing is encoded for nobody.
    private func remove(_ channel: any Channel) {
        state.withLock { state in
            guard let index = state.audiences.firstIndex(where: { $0.loop === channel.eventLoop }) else { return }
            state.audiences[index].viewers.remove(channel)
            if state.audiences[index].viewers.isEmpty { state.audiences.remove(at: index) }
        }
    }

    /// On the viewer's event loop.
    func writabilityChanged(of channel: any Channel) {
        let viewers = state.withLock { state in state.audiences.first { $0.loop === channel.eventLoop }?.viewers }
        viewers?.writabilityChanged(of: channel)
    }

    /// The stream is over. From any thread.
    func close() {
        let audiences = state.withLock { state in
            state.isOver = true
            defer { state.audiences = [] }
            return state.audiences
        }
        for audience in audiences { audience.viewers.closeAll() }
    }
}
