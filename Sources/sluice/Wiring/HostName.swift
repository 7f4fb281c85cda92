import Foundation

/// What this machine calls itself; asks nobody, as a name server that hangs must not hold up the start.
enum HostName {
    static var own: String {
        // POSIX lets a name be 255 bytes long.
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "gateway" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
