import Foundation
import NIOCore
import NIOPosix

/// Bytes from a file, or from standard input as they come. Reading blocks a thread of NIO's pool, none of the tasks'.
struct InputBytes {
    private static let most = 64 << 10

    private let handle: FileHandle

    /// - Parameter path: `nil` or `-` for standard input.
    init(_ path: String?) throws {
        guard let path, path != "-" else {
            handle = .standardInput
            return
        }
        guard let opened = FileHandle(forReadingAtPath: path) else {
            throw SettingsError("'\(path)' cannot be read; a file, or - for standard input, is right")
        }
        handle = opened
    }

    /// - Returns: `nil` at the end.
    func next() async throws -> ByteBuffer? {
        let descriptor = handle.fileDescriptor
        return try await NIOThreadPool.singleton.runIfActive {
            var bytes = ByteBuffer()
            while true {
                let count = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.most) {
                    max(0, read(descriptor, $0.baseAddress, Self.most))
                }
                if count > 0 { return bytes }
                guard errno == EINTR else { return nil }
            }
        }
    }
}

/// Bytes to a file or to standard output, written as they come.
struct OutputBytes {
    private let handle: FileHandle
    private let name: String

    /// - Parameter path: `nil` or `-` for standard output.
    init(_ path: String?) throws {
        guard let path, path != "-" else {
            (handle, name) = (.standardOutput, "standard output")
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil), let opened = FileHandle(forWritingAtPath: path) else {
            throw SettingsError("'\(path)' cannot be written; a file in a folder that is there, or - for standard output, is right")
        }
        (handle, name) = (opened, path)
    }

    func write(_ bytes: ByteBuffer) async throws {
        let descriptor = handle.fileDescriptor
        let isWritten = try await NIOThreadPool.singleton.runIfActive {
            bytes.withUnsafeReadableBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return false }
                }
                return true
            }
        }
        guard isWritten else { throw SettingsError("\(name) takes no more") }
    }
}

/// Says something beside the stream on standard output.
func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
