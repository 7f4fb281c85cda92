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
