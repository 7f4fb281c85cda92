import COpenSSL

/// Randomness and keyed hashes from libcrypto.
package enum Secrets {
    package struct Unavailable: Error, CustomStringConvertible {
        package var description: String { "libcrypto gave no randomness" }
    }

    package static func random(_ count: Int) throws(Unavailable) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard sluice_random_bytes(&bytes, count) == 1 else { throw Unavailable() }
        return bytes
    }

    /// `nil` only when libcrypto has no memory left.
    package static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8]? {
        var code = [UInt8](repeating: 0, count: 32)
        guard sluice_hmac_sha256(key, key.count, message, message.count, &code) == 1 else { return nil }
        return code
    }

    /// Takes as long for a wrong first byte as for a wrong last one.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (a, b) in zip(left, right) { difference |= a ^ b }
        return difference == 0
    }

    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
