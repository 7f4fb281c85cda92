import SluiceTypes
import SluiceWire
import Synchronization

/// The live names that can be watched over RTMP, by the URLs their publishers used.
final class RTMPRelayTable: Sendable {
    private let relays = Mutex<[StreamID: RTMPRelay]>([:])

    /// A publisher was let in. One that took a name over goes on with its viewers, if it has the same key; without it they knew
    /// another stream.
    func open(_ address: RTMPAddress) -> RTMPRelay.Feed {
        while true {
            let (relay, stranger) = relays.withLock { relays -> (RTMPRelay, RTMPRelay?) in
                let known = relays[address.stream]
                if let known, known.address == address { return (known, nil) }
                let fresh = RTMPRelay(address: address)
                relays[address.stream] = fresh
                return (fresh, known)
            }
            stranger?.close()
            if let feed = relay.nextTurn() { return feed }
            // It has just ended.
            forget(relay)
        }
    }

    /// - Returns: `nil` when nobody publishes there, or with another key.
    func find(_ address: RTMPAddress) -> RTMPRelay? {
        relays.withLock { $0[address.stream] }.flatMap { $0.address == address ? $0 : nil }
    }

    /// The publisher here has lost its name to one that will `open` it soon, or `abandon` it: its own end is not the viewers'.
    func expectSuccessor(of address: RTMPAddress) { find(address)?.expectSuccessor() }

    /// The successor does not come after all.
    func abandon(_ address: RTMPAddress) {
        guard let relay = relays.withLock({ $0[address.stream] }), relay.isBetweenPublishers else { return }
        forget(relay)
        relay.close()
    }

    /// The publisher of this feed has gone. Nothing happens when another has taken over.
    func close(_ feed: RTMPRelay.Feed) {
        guard feed.isCurrent else { return }
        forget(feed.relay)
        feed.relay.close()
    }

    private func forget(_ relay: RTMPRelay) {
        relays.withLock { relays in
            if relays[relay.address.stream] === relay { relays[relay.address.stream] = nil }
        }
    }
}
