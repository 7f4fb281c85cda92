import Foundation

/// Writes a trace: JSON, one line for each finished attempt, in the order they finish.
///
/// Blocks while a line goes to the file. It belongs to one task, which is not on an event loop.
package struct TraceWriter {
    /// A recording that somebody forgot must not fill the disk; this is about four million attempts.
    package static let defaultLargest = 1 << 30

    private let path: String
    private let file: FileHandle
    private let encoder = JSONEncoder()
    private let largest: Int
    private var written = 0

    /// - Parameters:
    ///   - path: a file that is made, or emptied.
    ///   - largest: bytes of the file at most.
    /// - Throws: `TraceError`.
    package init(path: String, largest: Int = Self.defaultLargest) throws(TraceError) {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
            throw TraceError("trace '\(path)' cannot be written; a path in a folder that exists and may be written to is right")
        }
        self.path = path
        self.file = file
        self.largest = largest
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    /// - Throws: `TraceError` when the disk or the file is full; the lines written so far stay.
    package mutating func write(_ record: TraceRecord) throws(TraceError) {
        do {
            var line = try encoder.encode(record)
            line.append(UInt8(ascii: "\n"))
            guard written + line.count <= largest else {
                throw TraceError("trace '\(path)' has its limit of \(largest) bytes; the recording ends here")
            }
            try file.write(contentsOf: line)
            written += line.count
        } catch let error as TraceError {
            throw error
        } catch {
            throw TraceError("trace '\(path)' cannot be written any further: \(error.localizedDescription)")
        }
    }

    package func close() throws(TraceError) {
        do { try file.close() } catch { throw TraceError("trace '\(path)' cannot be closed: \(error.localizedDescription)") }
    }
}

/// A trace that cannot be written or replayed: which, where, why.
package struct TraceError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
