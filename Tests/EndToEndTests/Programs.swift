import Foundation
import Synchronization

/// A program started by a test; it does not outlive the test.
final class Program: Sendable {
    private let process: Process
    private let output: URL

    /// - Parameter arguments: the program first; looked up in PATH when it is no path.
    init(_ arguments: [String]) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        output = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-test-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        defer { try? handle.close() }  // The program has its own; a process keeps ours for ever.
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: output)
    }

    var isRunning: Bool { process.isRunning }
    var processIdentifier: Int32 { process.processIdentifier }
    var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// Waits for the end without holding a thread: the test's own machinery needs them.
    func status() async -> Int32 {
        while process.isRunning { try? await ContinuousClock().sleep(for: .milliseconds(10)) }
        return process.terminationStatus
    }

    func terminate() { kill(process.processIdentifier, SIGTERM) }
    func killAtOnce() { send(SIGKILL) }
    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Runs a program to its end and returns what it printed.
    static func run(_ arguments: [String]) async throws -> String {
        let program = try Program(arguments)
        _ = await program.status()
        return program.text
    }
}

struct Waited: Error, CustomStringConvertible {
    let description: String
}

/// Asks again and again: another process can be asked, it cannot tell us.
func eventually<Result>(_ what: String, within limit: Duration = .seconds(20), _ body: () async throws -> Result?) async throws -> Result {
    let end = ContinuousClock.now.advanced(by: limit)
    while ContinuousClock.now < end {
        if let result = try await body() { return result }
        try await ContinuousClock().sleep(for: .milliseconds(50))
    }
    throw Waited(description: "\(what): not within \(limit)")
}
