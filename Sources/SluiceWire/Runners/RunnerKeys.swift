package import SluiceTypes

/// The secrets that runners and clients are given. Each is a code over what it is for: none is stored.
package struct RunnerKeys: Sendable {
    private let seed: [UInt8]

    /// A fresh seed: what an earlier process gave out is void.
    package init() throws { seed = try Secrets.random(32) }

    package init(seed: [UInt8]) { self.seed = seed }

    /// With which a runner goes on with its heartbeats.
    ///
    /// - Parameter birth: its registration's number, so that an ended registration's secret is void.
    package func heartbeat(_ runner: RunnerID, birth: Int) -> String { code("heartbeat:\(birth):\(runner)") }
    /// With which the runner calls back.
    package func session(_ session: SessionID) -> String { code("session:\(session)") }
    /// With which the client that reserved a session stops it.
    package func client(_ session: SessionID) -> String { code("client:\(session)") }

    package func isHeartbeat(_ text: String, of runner: RunnerID, birth: Int) -> Bool {
        Self.areEqual(text, heartbeat(runner, birth: birth))
    }
    package func isSession(_ text: String, _ session: SessionID) -> Bool { Self.areEqual(text, self.session(session)) }
    package func isClient(_ text: String, _ session: SessionID) -> Bool { Self.areEqual(text, client(session)) }

    /// In a time that does not tell how much of it is right.
    package static func areEqual(_ left: String, _ right: String) -> Bool { Secrets.areEqual(Array(left.utf8), Array(right.utf8)) }

    private func code(_ text: String) -> String {
        // Without memory for a hash there is none for anything; a text that nobody is given is the safe answer then.
        guard let code = Secrets.hmacSHA256(key: seed, message: Array(text.utf8)) else { return "-" }
        return Base32.lower(code)
    }

    /// A name that nobody can guess, of letters and digits that stand in URLs and host names.
    package static func name(_ length: Int) -> String {
        // As above: what libcrypto cannot give is not made up.
        guard let bytes = try? Secrets.random(length) else { preconditionFailure("libcrypto gave no randomness") }
        return String(decoding: bytes.map { Base32.alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}

/// RFC 4648 §6 in small letters, without padding.
enum Base32 {
    static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func lower(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var held: UInt32 = 0
        var bits = 0
        for byte in bytes {
            held = held << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(held >> UInt32(bits)) & 31])
            }
            held &= 0xff
        }
        if bits > 0 { text.append(alphabet[Int(held << UInt32(5 - bits)) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }
}
