import Foundation

/// A trace as far as it can be read.
package struct TraceReading: Sendable {
    /// Where and why reading ended before the file did.
    package struct Cut: Hashable, Sendable, CustomStringConvertible {
        /// The first line that is missing, from 1.
        package var line: Int
        package var reason: String

        package var description: String { "the trace is cut at line \(line) (\(reason)); the \(line - 1) lines before it are replayed" }
    }

    /// A line is about 250 bytes; far more is no trace.
    package static let largestLine = 64 << 10
    /// Two million attempts are 50 streams for a day, and about a gigabyte of memory.
    package static let mostRecords = 2_000_000

    package var records: [TraceRecord] = []
    package var cut: Cut?

    /// - Throws: `TraceError` when the file cannot be read or not even its first line is a record.
    package init(path: String, mostRecords: Int = Self.mostRecords) throws(TraceError) {
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            try read(file, most: mostRecords)
        } catch {
            throw TraceError("trace '\(path)' cannot be read: \(error.localizedDescription)")
        }
        guard !records.isEmpty else {
            throw TraceError("trace '\(path)' has no record: \(cut.map { "line \($0.line): \($0.reason)" } ?? "the file is empty")")
        }
    }

    private mutating func read(_ file: FileHandle, most: Int) throws {
        let decoder = JSONDecoder()
        var rest = Data()
        while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
            rest.append(chunk)
            var begin = rest.startIndex
            while let end = rest[begin...].firstIndex(of: UInt8(ascii: "\n")) {
                guard take(rest[begin..<end], with: decoder, most: most) else { return }
                begin = rest.index(after: end)
            }
            rest = Data(rest[begin...])
            guard rest.count <= Self.largestLine else {
                cut = Cut(line: records.count + 1, reason: "it is longer than \(Self.largestLine) bytes")
                return
            }
        }
        if !rest.isEmpty { _ = take(rest, with: decoder, most: most) }
    }

    /// - Returns: whether reading goes on.
    private mutating func take(_ line: Data, with decoder: JSONDecoder, most: Int) -> Bool {
        let number = records.count + 1
        guard number <= most else {
            cut = Cut(line: number, reason: "at most \(most) lines are replayed")
            return false
        }
        do {
            let record = try decoder.decode(TraceRecord.self, from: line)
            if let fault = record.fault {
                cut = Cut(line: number, reason: fault)
            } else {
                records.append(record)
            }
        } catch {
            cut = Cut(line: number, reason: Self.reason(error))
        }
        return cut == nil
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is not of its type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' has an unknown value"
        default: "it is not a whole JSON object"
        }
    }
}
