import NIOCore
import SluiceWire
import Synchronization

/// One publisher's messages on their way to its viewers: encoded once, handed to each event loop once.
final class RTMPRelay: Sendable {
    private struct Audience {
        let loop: any EventLoop
        let viewers: RTMPViewers
    }

    private struct State {
        var metadata: RTMPFrame?
        var video: RTMPFrame?
        var audio: RTMPFrame?
        var audiences: [Audience] = []
        var isOver = false
    }

    let address: RTMPAddress
    private let state = Mutex(State())

    init(address: RTMPAddress) { self.address = address }

    /// From the publisher's event loop, in order. Costs a lock and nothing else while nobody watches.
    func publish(_ message: RTMPMessage) {
        let kind = RTMPFrame.Kind(message)
        let (audiences, hasVideo) = state.withLock { ($0.audiences, $0.video != nil) }
        guard kind.isHeader || !audiences.isEmpty else { return }
        let frame = RTMPFrame(kind, message, opensPlayback: kind == .keyFrame || kind == .audio && !hasVideo)
        guard kind.isHeader else { return audiences.forEach { $0.viewers.send(frame) } }
        // Those who join before this line get the header below, those after it from the state.
        let present = state.withLock { state in
            switch kind {
            case .videoHeader: state.video = frame
            case .audioHeader: state.audio = frame
            default: state.metadata = frame
            }
            return state.audiences
        }
        present.forEach { $0.viewers.send(frame) }
    }

    /// On the viewer's event loop, after its play was accepted. It leaves by itself when its channel closes.
    func add(_ channel: any Channel, _ limits: RTMPLimits) {
        let loop = channel.eventLoop
        let joined: (viewers: RTMPViewers, headers: [RTMPFrame])? = state.withLock { state in
            guard !state.isOver else { return nil }
            let headers = [state.metadata, state.video, state.audio].compactMap(\.self)
            if let known = state.audiences.first(where: { $0.loop === loop }) { return (known.viewers, headers) }
            let audience = Audience(loop: loop, viewers: RTMPViewers(loop: loop, limits: limits))
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

    /// The publisher has gone. From any thread.
    func close() {
        let audiences = state.withLock { state in
            state.isOver = true
            defer { state.audiences = [] }
            return state.audiences
        }
        for audience in audiences { audience.viewers.closeAll() }
    }
}
