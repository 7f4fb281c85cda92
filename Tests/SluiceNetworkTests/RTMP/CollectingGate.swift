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
        var evictions: [@Sendable () -> Void] = []
    }

    private let collected = Mutex(Collected())
    /// One element per packet, then one per finish.
    let events: AsyncStream<Event>
    fileprivate let announce: AsyncStream<Event>.Continuation

    enum Event: Equatable { case packet, finish }

    init() { (events, announce) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(100_000)) }

    var now: Collected { collected.withLock { $0 } }

    fileprivate func change(_ body: (inout Collected) -> Void) { collected.withLock { body(&$0) } }

    func open(_ request: PublishRequest, evict: @escaping @Sendable () -> Void) async throws -> any Publication {
        try collected.withLock { state in
            guard state.live.insert(request.stream).inserted else { throw PublishRefusal.alreadyPublishing(request.stream) }
            state.requests.append(request)
            state.evictions.append(evict)
        }
        return CollectingPublication(gate: self, stream: request.stream)
    }
}

private struct CollectingPublication: Publication {
    let gate: CollectingGate
    let stream: StreamID

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
