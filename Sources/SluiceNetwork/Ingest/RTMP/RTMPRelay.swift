import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// All streams that are live on this listener, by name.
final class RTMPRelayTable: Sendable {
    private let relays = Mutex<[StreamID: RTMPRelay]>([:])

    func open(_ address: RTMPAddress) -> RTMPRelay {
        let relay = RTMPRelay(address: address)
        let replaced = relays.withLock { $0.updateValue(relay, forKey: address.stream) }
        replaced?.close()
        return relay
    }

    /// - Returns: `nil` when the stream is not live, or has a key that the viewer does not know.
    func find(_ address: RTMPAddress) -> RTMPRelay? {
        relays.withLock { $0[address.stream] }.flatMap { $0.address.key == nil || $0.address.key == address.key ? $0 : nil }
    }

    func close(_ relay: RTMPRelay) {
        relays.withLock { if $0[relay.address.stream] === relay { $0[relay.address.stream] = nil } }
    }
}

/// Shows one publisher's messages to its viewers: encoded once, one hop per event loop and message, whatever the number of viewers.
final class RTMPRelay: Sendable {
    private struct State {
        var isClosed = false
        /// Headers a viewer needs before its first frame: metadata, then each track's configuration.
        var metadata: ByteBuffer?
        var videoHeader: ByteBuffer?
        var audioHeader: ByteBuffer?
        var hasVideo = false
        var viewers: [ObjectIdentifier: RTMPViewers] = [:]
    }

    let address: RTMPAddress
    private let state = Mutex(State())

    init(address: RTMPAddress) { self.address = address }

    /// Called on the publisher's loop, in order.
    func publish(_ message: RTMPMessage) {
        let loops: [RTMPViewers] = state.withLock { state in
            switch RTMPFrame.kind(of: message) {
            case .metadata: state.metadata = encode(message)
            case .videoHeader:
                state.videoHeader = encode(message)
                state.hasVideo = true
            case .audioHeader: state.audioHeader = encode(message)
            default: break
            }
            return state.viewers.isEmpty ? [] : Array(state.viewers.values)
        }
        guard !loops.isEmpty else { return }
        let frame = RTMPFrame(kind: RTMPFrame.kind(of: message), bytes: encode(message))
        for viewers in loops { viewers.send(frame) }
    }

    /// Begins with the headers and the next key frame. Call on the channel's loop.
    func add(_ channel: any Channel, stall: TimeAmount) {
        let loop = channel.eventLoop
        let (viewers, headers, waitsForKey) = state.withLock { state in
            let viewers = state.viewers[ObjectIdentifier(loop)] ?? RTMPViewers(loop: loop, stall: stall)
            state.viewers[ObjectIdentifier(loop)] = viewers
            return (viewers, [state.metadata, state.videoHeader, state.audioHeader].compactMap(\.self), state.hasVideo)
        }
        for header in headers { channel.write(header, promise: nil) }
        channel.flush()
        viewers.add(channel, waitsForKey: waitsForKey)
        channel.closeFuture.whenComplete { _ in viewers.remove(channel) }
        if state.withLock({ $0.isClosed }) { channel.close(promise: nil) }
    }

    func writabilityChanged(of channel: any Channel) {
        state.withLock { $0.viewers[ObjectIdentifier(channel.eventLoop)] }?.writabilityChanged(of: channel)
    }

    /// The publisher has gone; its viewers go too.
    func close() {
        let loops = state.withLock { state in
            state.isClosed = true
            defer { state.viewers = [:] }
            return Array(state.viewers.values)
        }
        for viewers in loops { viewers.closeAll() }
    }

    private func encode(_ message: RTMPMessage) -> ByteBuffer {
        var message = message
        message.stream = RTMPServerSession.messageStream
        var bytes = ByteBuffer()
        bytes.reserveCapacity(message.payload.readableBytes + 32)
        let chunkStream: UInt8 = message.kind == RTMPMessage.Kind.audio ? 4 : message.kind == RTMPMessage.Kind.video ? 6 : 5
        RTMPChunkWriter.write(message, chunkStream: chunkStream, into: &bytes)
        return bytes
    }
}

/// One message ready for viewers.
struct RTMPFrame: Sendable {
    enum Kind: Sendable {
        case metadata, videoHeader, audioHeader, keyFrame, video, audio
    }

    var kind: Kind
    var bytes: ByteBuffer

    static func kind(of message: RTMPMessage) -> Kind {
        let start = message.payload.readerIndex
        func byte(_ offset: Int) -> UInt8 { message.payload.getInteger(at: start + offset, as: UInt8.self) ?? 0 }
        switch message.kind {
        case RTMPMessage.Kind.video:
            let isEnhanced = byte(0) & 0x80 != 0
            if isEnhanced ? byte(0) & 0x0f == 0 : byte(1) == 0 { return .videoHeader }
            return byte(0) >> 4 & 7 == 1 ? .keyFrame : .video
        case RTMPMessage.Kind.audio:
            return byte(0) >> 4 == 10 && byte(1) == 0 ? .audioHeader : .audio
        default: return .metadata
        }
    }
}
