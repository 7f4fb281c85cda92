/// The server's half of the handshake: plain (RTMP 1.0 §5.2), or with digests where the client begins with one.
///
/// Adobe never published the second kind; Flash players, librtmp and FFmpeg speak it. In a client's first block (C1) lie, in one of
/// two orders, 764 bytes with a key and 764 bytes with an HMAC-SHA256 over all the rest; whoever can make that answer is genuine.
/// The key is for encryption, which is not offered.
struct RTMPHandshake {
    static let size = 1536
    /// Bytes of chance in an answer.
    static let randomCount = size - prefix + size - digestSize

    private enum Scheme: CaseIterable {
        case keyFirst, digestFirst

        /// Where the half with the digest begins.
        var start: Int { self == .keyFirst ? RTMPHandshake.prefix + 764 : RTMPHandshake.prefix }

        /// Four bytes tell how far into the half the digest lies; it always fits.
        func place(in block: [UInt8]) -> Int {
            start + 4 + block[start..<start + 4].reduce(0) { $0 + Int($1) } % (764 - 4 - RTMPHandshake.digestSize)
        }
    }

    /// Time and version.
    private static let prefix = 8
    private static let digestSize = 32
    /// FFmpeg's player checks our digests from version 3 on, and so shows whether they are right.
    private static let serverVersion: [UInt8] = [4, 5, 0, 1]
    private static let playerName = Array("Genuine Adobe Flash Player 001".utf8)
    private static let serverName = Array("Genuine Adobe Flash Media Server 001".utf8)
    /// Completes a name to the key that signs the second blocks.
    private static let keyTail: [UInt8] = [
        0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57, 0x6e, 0xec, 0x5d, 0x2d, 0x29,
        0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae,
    ]

    /// S0, S1 and S2.
    ///
    /// - Parameters:
    ///   - first: C1, `size` bytes.
    ///   - random: `randomCount` bytes.
    static func answer(to first: [UInt8], random: [UInt8]) -> [UInt8] {
        // A plain client leaves the version out.
        if first[4..<8].contains(where: { $0 != 0 }) {
            for scheme in Scheme.allCases {
                if let digest = digest(in: first, scheme), let answer = genuine(digest, scheme, random) { return answer }
            }
        }
        return [3] + [UInt8](repeating: 0, count: prefix) + random[..<(size - prefix)] + first
    }

    /// The client's digest, where there is one in this order.
    private static func digest(in block: [UInt8], _ scheme: Scheme) -> [UInt8]? {
        let place = scheme.place(in: block)
        let found = Array(block[place..<place + digestSize])
        return mac(of: block, without: place, key: playerName) == found ? found : nil
    }

    private static func genuine(_ digest: [UInt8], _ scheme: Scheme, _ random: [UInt8]) -> [UInt8]? {
        var first = [UInt8](repeating: 0, count: prefix - serverVersion.count) + serverVersion + random[..<(size - prefix)]
        let place = scheme.place(in: first)
        let second = Array(random[(size - prefix)...])
        guard let own = mac(of: first, without: place, key: serverName),
            let key = Secrets.hmacSHA256(key: serverName + keyTail, message: digest),
            let signature = Secrets.hmacSHA256(key: key, message: second)
        else { return nil }
        first.replaceSubrange(place..<place + digestSize, with: own)
        return [3] + first + second + signature
    }

    private static func mac(of block: [UInt8], without place: Int, key: [UInt8]) -> [UInt8]? {
        Secrets.hmacSHA256(key: key, message: Array(block[..<place] + block[(place + digestSize)...]))
    }
}
