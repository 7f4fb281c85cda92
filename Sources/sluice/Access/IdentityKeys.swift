import Foundation
import Logging
import NIOCore
import NIOPosix
import SluiceIdentity
import SluiceNetwork

/// Reads the keys of signed tokens from where the settings say, bounded in time and size.
struct IdentityKeys: Sendable {
    /// Ten keys with their certificates are some twenty kilobytes.
    static let largest = 256 << 10

    let source: IdentitySettings.Source
    let group: any EventLoopGroup

    /// A ring and a verifier over it, and one complaint for each change of what is wrong.
    ///
    /// - Parameter first: keys that were read already.
    static func ring(
        _ settings: IdentitySettings, first: KeySet = .none, group: any EventLoopGroup, logger: Logger
    ) -> (ring: KeyRing, verifier: TokenVerifier)? {
        guard let source = settings.source else { return nil }
        let keys = IdentityKeys(source: source, group: group)
        let ring = KeyRing(
            settings.ring, first: first,
            report: { report in
                switch report {
                case .took(let count, let leftOut):
                    logger.notice(
                        "token keys",
                        metadata: ["from": "\(source)", "count": "\(count)", "left out": "\(leftOut.joined(separator: "; "))"])
                case .failed(let reason):
                    logger.error("token keys not read, those of before hold", metadata: ["from": "\(source)", "reason": "\(reason)"])
                }
            }, read: { try await keys.read() })
        return (ring, TokenVerifier(settings.policy, ring: ring))
    }

    func read() async throws -> KeySet {
        switch source {
        case .address(let address): return try await KeySet(document: Lookup(group: group).get(address, limit: Self.largest))
        case .file(let path): return try await KeySet(document: Self.content(of: path))
        case .secret(let path):
            var secret = [UInt8](try await Self.content(of: path))
            // What an editor, or echo, puts behind it.
            while let last = secret.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { secret.removeLast() }
            return try await KeySet(secret: secret)
        }
    }

    private static func content(of path: String) async throws -> Data {
        try await NIOThreadPool.singleton.runIfActive {
            guard let handle = FileHandle(forReadingAtPath: path) else { throw SettingsError("the file '\(path)' cannot be read") }
            defer { try? handle.close() }
            let content = try handle.read(upToCount: Self.largest + 1) ?? Data()
            guard content.count <= Self.largest else { throw SettingsError("the file '\(path)' has more than \(Self.largest) bytes") }
            return content
        }
    }
}

extension IdentitySettings.Source: CustomStringConvertible {
    var description: String {
        switch self {
        case .file(let path), .secret(let path): path
        case .address(let address): address.description
        }
    }
}
