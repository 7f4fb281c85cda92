import Logging
import NIOCore
import Synchronization

/// The open connections of one RTMP port.
final class RTMPConnections: Sendable {
    private struct State {
        var admission: RTMPAdmission
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
        var quietUntil = NIODeadline.uptimeNanoseconds(0)
        /// Refused since the last log line.
        var unsaid = 0
    }

    /// Lines about refused connections are this far apart: whoever floods the port must not flood the log.
    private static let complaintInterval = TimeAmount.seconds(1)

    private let logger: Logger
    private let state: Mutex<State>

    init(limits: RTMPLimits, logger: Logger) {
        self.logger = logger
        self.state = Mutex(State(admission: RTMPAdmission(most: limits.mostConnections, mostPerAddress: limits.mostPerAddress)))
    }

    /// - Returns: `false` for one too many; it is to be closed.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let address = RTMPAdmission.household(of: channel.remoteAddress)
        let now = NIODeadline.now()
        let (isWelcome, complaint) = state.withLock { state -> (Bool, (RTMPAdmission.Refusal, Int)?) in
            guard !state.isClosing else { return (false, nil) }
            guard let refusal = state.admission.enter(address) else {
                state.channels[id] = channel
                return (true, nil)
            }
            state.unsaid += 1
            guard now >= state.quietUntil else { return (false, nil) }
            state.quietUntil = now + Self.complaintInterval
            defer { state.unsaid = 0 }
            return (false, (refusal, state.unsaid))
        }
        if let (refusal, count) = complaint {
            logger.warning(
                "RTMP connection refused",
                metadata: ["peer": "\(address)", "reason": "\(refusal)", "refused since the last line": "\(count)"])
        }
        guard isWelcome else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.channels[id] = nil
                state.admission.leave(address)
            }
        }
        return true
    }

    /// Nobody is let in any more; returns when every connection has closed.
    func close() async {
        let channels = state.withLock { state in
            state.isClosing = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
        for channel in channels { try? await channel.closeFuture.get() }
    }
}
