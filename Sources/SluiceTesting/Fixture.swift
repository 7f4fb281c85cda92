package import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files of `Fixtures/`, found from where this source file lies.
package enum Fixture {
    package static let folder: String = {
        let parts = #filePath.split(separator: "/")
        return "/" + parts.dropLast(3).joined(separator: "/") + "/Fixtures"
    }()

    package static func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// - Throws: `FixtureMissing`.
    package static func bytes(_ name: String) throws -> ByteBuffer {
        guard let file = fopen(path(name), "rb") else { throw FixtureMissing(path: path(name)) }
        defer { fclose(file) }
        var buffer = ByteBuffer()
        while true {
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 16) {
                fread($0.baseAddress, 1, $0.count, file)
            }
            if count == 0 { return buffer }
        }
    }
}

package struct FixtureMissing: Error, CustomStringConvertible {
    package var path: String
    package var description: String { "no fixture at \(path); scripts/make-fixtures makes it" }
}
