import SluiceTypes
import Synchronization

/// Lets publishers in, one a name, and keeps what they send.
final class CollectingGate: PublisherGate {
    struct Collected {
        var requests: [PublishRequest] = []
        var video: [VideoParameters] = []
        var audio: [AudioParameters] = []
        var packets: [EncodedPacket] = []
        var finishes = 0
        var live: Set<StreamID> = []
        var evictions: [@Sendable (Eviction) -> Void] = []
    }

    /// What happens to who asks for a live name.
    enum Second: Sendable {
        case refused
        case takesOver
        /// As `takesOver`, but the answer comes only when the stream ends.
        case takesOverLater(AsyncStream<Void>)
    }

    private let collected = Mutex(Collected())
    /// One element per packet, then one per finish.
    let events: AsyncStream<Event>
    fileprivate let announce: AsyncStream<Event>.Continuation

    enum Event: Equatable { case packet, finish }

    private let second: Second

    init(second: Second = .refused) {
        self.second = second
        (events, announce) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(100_000))
    }

    var now: Collected { collected.withLock { $0 } }

    fileprivate func change(_ body: (inout Collected) -> Void) { collected.withLock { body(&$0) } }

    func open(_ request: PublishRequest, evict: @escaping @Sendable (Eviction) -> Void) async throws -> any Publication {
        let replaced = try collected.withLock { state in
            let isFree = state.live.insert(request.stream).inserted
            if !isFree, case .refused = second { throw PublishRefusal.alreadyPublishing(request.stream) }
            state.requests.append(request)
            state.evictions.append(evict)
            return isFree ? nil : state.evictions.dropLast().last
        }
        replaced?(.succeeded)
        if replaced != nil, case .takesOverLater(let signal) = second { for await _ in signal {} }
        return CollectingPublication(gate: self, stream: request.stream, key: request.key)
    }
}

private struct CollectingPublication: Publication {
    let gate: CollectingGate
    let stream: StreamID
    let key: String?

    func makeSink() -> any PacketSink { CollectingSink(gate: gate, stream: stream) }
}

private final class CollectingSink: PacketSink {
    let gate: CollectingGate
    let stream: StreamID

    init(gate: CollectingGate, stream: StreamID) {
        self.gate = gate
        self.stream = stream
    }

    func configure(video: VideoParameters) { gate.change { $0.video.append(video) } }
    func configure(audio: AudioParameters) { gate.change { $0.audio.append(audio) } }

    func consume(_ packet: EncodedPacket) {
        gate.change { $0.packets.append(packet) }
        gate.announce.yield(.packet)
    }

    func finish() {
        gate.change {
            $0.finishes += 1
            $0.live.remove(stream)
        }
        gate.announce.yield(.finish)
    }
}
