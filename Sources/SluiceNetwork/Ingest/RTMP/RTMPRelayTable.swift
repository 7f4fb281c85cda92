import SluiceTypes
import SluiceWire
import Synchronization

/// The live names that can be watched over RTMP, by the URLs their publishers used.
final class RTMPRelayTable: Sendable {
    private let relays = Mutex<[StreamID: RTMPRelay]>([:])

    /// A publisher was let in. One that took a name over leaves the old viewers behind: their clocks would not fit.
    func open(_ address: RTMPAddress) -> RTMPRelay {
        let relay = RTMPRelay(address: address)
        let old = relays.withLock { $0.updateValue(relay, forKey: address.stream) }
        old?.close()
        return relay
    }

    /// - Returns: `nil` when nobody publishes there, or with another key.
    func find(_ address: RTMPAddress) -> RTMPRelay? {
        relays.withLock { $0[address.stream] }.flatMap { $0.address == address ? $0 : nil }
    }

    func close(_ relay: RTMPRelay) {
        relays.withLock { relays in
            if relays[relay.address.stream] === relay { relays[relay.address.stream] = nil }
        }
        relay.close()
    }
}
