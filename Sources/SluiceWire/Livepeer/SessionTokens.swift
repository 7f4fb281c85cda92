#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import SluiceProto
import SluiceTypes
import SwiftProtobuf

/// Issues the credentials of job sessions and knows them again without a table (specs/transcoding-protocol §2.3).
package struct SessionTokens: Sendable {
    /// Seconds a token is good for.
    package static let lifetime: Int64 = 1800

    package enum Verdict: String, Hashable, Sendable {
        case valid
        case missing = "missing auth token"
        case invalid = "invalid auth token"
        case expired = "expired auth token"
    }

    private let secret: [UInt8]

    /// A fresh secret: tokens of an earlier process are void.
    package init() throws { self.secret = try Secrets.random(32) }

    package init(secret: [UInt8]) { self.secret = secret }

    /// - Parameter now: Unix seconds.
    package func issue(now: Int64) throws -> Net_AuthToken {
        let session = SessionID(Secrets.hex(try Secrets.random(16)))
        return .with {
            $0.sessionID = session.rawValue
            $0.expiration = now + Self.lifetime
            $0.token = Data(code(session: session.rawValue, expiration: now + Self.lifetime) ?? [])
        }
    }

    package func verify(_ token: Net_AuthToken?, now: Int64) -> Verdict {
        guard let token else { return .missing }
        guard isGenuine(token) else { return .invalid }
        return now > token.expiration ? .expired : .valid
    }

    /// Whether we issued it, however long ago; enough for ending a session (§1.6).
    package func isGenuine(_ token: Net_AuthToken) -> Bool {
        guard let expected = code(session: token.sessionID, expiration: token.expiration) else { return false }
        return Secrets.areEqual(expected, Array(token.token))
    }

    func code(session: String, expiration: Int64) -> [UInt8]? {
        let seconds = withUnsafeBytes(of: UInt64(bitPattern: expiration).bigEndian) { Array($0.drop { $0 == 0 }) }
        return Secrets.hmacSHA256(key: secret, message: Array(session.utf8) + seconds)
    }
}
