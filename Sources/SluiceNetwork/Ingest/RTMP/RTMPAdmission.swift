import NIOCore

/// Who may connect to an RTMP port: so many in all, and so many from one address. Counts; looks at no socket.
struct RTMPAdmission {
    enum Refusal: Hashable, CustomStringConvertible {
        case full(limit: Int)
        case tooManyOfAddress(limit: Int)

        var description: String {
            switch self {
            case .full(let limit): "\(limit) connections are open, which is the limit (rtmp.maxConnections)"
            case .tooManyOfAddress(let limit):
                "this address has \(limit) connections, which is its limit (rtmp.maxConnectionsPerAddress)"
            }
        }
    }

    private let most: Int
    private let mostPerAddress: Int
    private(set) var count = 0
    private var counts: [String: Int] = [:]

    init(most: Int, mostPerAddress: Int) {
        self.most = most
        self.mostPerAddress = mostPerAddress
    }

    /// What counts as one address: of IPv6 the first 64 bits, as whoever has one address there has the other 2^64 too
    /// (RFC 7421); an IPv4 address mapped into IPv6 is itself.
    static func household(of address: SocketAddress?) -> String {
        guard let address, case .v6 = address else { return address?.ipAddress ?? "" }
        // `sockaddr_in6` has the address behind family, port and flow (RFC 3493 §3.3).
        let bytes = address.withSockAddr { Array(UnsafeRawBufferPointer(start: $0, count: $1)[8..<24]) }
        if bytes.starts(with: Self.mappedPrefix) { return bytes.suffix(4).map { "\($0)" }.joined(separator: ".") }
        let network = stride(from: 0, to: 8, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
        return network.joined(separator: ":") + "::/64"
    }

    /// `::ffff:0:0/96` (RFC 4291 §2.5.5.2).
    private static let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xff, 0xff]

    /// - Returns: `nil` when the connection was let in and counted; call `leave` at its end then, and only then.
    mutating func enter(_ address: String) -> Refusal? {
        guard count < most else { return .full(limit: most) }
        let present = counts[address, default: 0]
        guard present < mostPerAddress else { return .tooManyOfAddress(limit: mostPerAddress) }
        counts[address] = present + 1
        count += 1
        return nil
    }

    mutating func leave(_ address: String) {
        guard let present = counts[address] else { return }
        counts[address] = present > 1 ? present - 1 : nil
        count -= 1
    }
}
