import Foundation
import NIOCore
import NIOPosix

/// Why a connection could not be made, for a person: `Connection refused` rather than the nest of errors that says so.
func connectFault(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
        if let cause = error.connectionErrors.first?.error { return connectFault(cause) }
        if let cause = error.dnsAError ?? error.dnsAAAAError { return "no address is known for \(error.host): \(connectFault(cause))" }
        return "no address is known for \(error.host)"
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout(let time): return "no answer within \(time.nanoseconds / 1_000_000) ms"
    default: return "\(error)"
    }
}
