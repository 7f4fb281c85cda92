import Logging
import SluiceNetwork
import SluiceTypes
import Synchronization

/// Whom the transport talks to: those the operator named, and those that others list.
final class AddressBook: Sendable {
    private struct State {
        var own: [String]
        var listed: [OrchestratorID] = []
    }

    /// Orchestrators that others list: each costs a connection and a call every ten seconds.
    private static let mostListed = 2000

    private let state: Mutex<State>
    private let transport: LivepeerTransport
    private let logger: Logger

    init(own: [String], transport: LivepeerTransport, logger: Logger) {
        state = Mutex(State(own: own))
        self.transport = transport
        self.logger = logger
    }

    /// Those of the operator. Throws, and changes nothing, for an address that is none.
    func use(own: [String], atOnce: Bool) throws {
        try state.withLock { state in
            try transport.use(own + state.listed.map(\.rawValue), atOnce: atOnce)
            state.own = own
        }
    }

    /// - Returns: how many of those that others list find no place.
    func list(_ listed: [OrchestratorID]) -> Int {
        state.withLock { state in
            let taken = Array(listed.prefix(Self.mostListed))
            do {
                try transport.use(state.own + taken.map(\.rawValue))
                state.listed = taken
            } catch { logger.warning("listed orchestrators", metadata: ["reason": "\(error)"]) }
            return max(0, listed.count - Self.mostListed)
        }
    }
}
