import Foundation
import Logging
import SluiceRouting
import Synchronization

/// Writes every decision as a line of JSON, as `GET /routing/decisions` shows it; switched on and off while the gateway runs.
///
/// A full file is kept as `FILE.1` in the place of the one before it: so at most twice the limit is on the disk.
final class DecisionLog: Sendable {
    /// As many decisions as ten thousand segments a second make in less than a second; one is a few kilobytes.
    private static let mostWaiting = 4096

    struct Status: Codable, Sendable {
        var file: String
        var isOn: Bool
        var written: Int
        /// Decisions that the disk was too slow for.
        var dropped: Int
        /// Why nothing is written any more.
        var failure: String?
    }

    private struct State {
        var isOn: Bool
        var written = 0
        var failure: String?
    }

    private let queue = FileQueue<RouteDecision>(capacity: mostWaiting)
    private let path: String
    private let largest: Int
    private let state: Mutex<State>
    private let logger: Logger

    /// - Throws: `SettingsError` when the file cannot be written.
    init(path: String, largest: Int, isOn: Bool, logger: Logger) throws {
        // Now, so that a wrong path ends the start and not the log.
        try RotatedFile(path: path, largest: largest).close()
        self.path = path
        self.largest = largest
        self.logger = logger
        state = Mutex(State(isOn: isOn))
    }

    var status: Status {
        state.withLock { Status(file: path, isOn: $0.isOn, written: $0.written, dropped: queue.dropped, failure: $0.failure) }
    }

    func turn(on isOn: Bool) { state.withLock { $0.isOn = isOn } }

    func log(_ decision: RouteDecision) {
        if state.withLock({ $0.isOn && $0.failure == nil }) { queue.offer(decision) }
    }

    func finish() { queue.finish() }

    /// Writes until `finish`. A disk that is full ends the log, not the gateway.
    func run() async {
        await queue.drain { [self] values in
            do {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                var file = try RotatedFile(path: path, largest: largest)
                for await decision in values {
                    var line = try encoder.encode(DecisionReport(decision))
                    line.append(UInt8(ascii: "\n"))
                    try file.write(line)
                    state.withLock { $0.written += 1 }
                }
                try file.close()
            } catch {
                state.withLock { $0.failure = "\(error)" }
                logger.warning("decision log ended", metadata: ["reason": "\(error)"])
                for await _ in values {}
            }
        }
        let dropped = queue.dropped
        if dropped > 0 { logger.warning("decision log incomplete", metadata: ["file": "\(path)", "left out": "\(dropped)"]) }
    }
}

/// A file that is added to, and begun anew when it is full; blocks while it writes.
struct RotatedFile {
    private let path: String
    private let largest: Int
    private var file: FileHandle
    private var size: UInt64

    init(path: String, largest: Int) throws {
        self.path = path
        self.largest = largest
        (file, size) = try Self.open(path)
    }

    mutating func write(_ bytes: Data) throws {
        if size > 0, size + UInt64(bytes.count) > UInt64(largest) { try rotate() }
        try file.write(contentsOf: bytes)
        size += UInt64(bytes.count)
    }

    func close() throws { try file.close() }

    private mutating func rotate() throws {
        try file.close()
        guard rename(path, path + ".1") == 0 else { throw SettingsError("'\(path)' cannot be renamed to '\(path).1'") }
        (file, size) = try Self.open(path)
    }

    private static func open(_ path: String) throws -> (FileHandle, UInt64) {
        let exists = FileManager.default.fileExists(atPath: path) || FileManager.default.createFile(atPath: path, contents: nil)
        guard exists, let file = FileHandle(forWritingAtPath: path) else {
            throw SettingsError("'\(path)' cannot be written; a path in a folder that exists and may be written to is right")
        }
        return (file, try file.seekToEnd())
    }
}
