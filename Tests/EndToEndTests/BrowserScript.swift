import Foundation

/// A page in a program of its own, to which one talks by lines.
final class BrowserScript {
    let process = Process()
    private let input = Pipe()
    private let log: URL

    init(_ arguments: [String], log: URL) throws {
        self.log = log
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-u"] + arguments
        process.standardInput = input
        process.standardOutput = handle
        process.standardError = handle
        defer { try? handle.close() }
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var text: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func tell(_ line: String) throws { try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8)) }

    func saw(_ what: String, within limit: Duration = .seconds(90)) async throws {
        _ = try await eventually("the browser: \(what)", within: limit) {
            if text.contains("ok \(what)") { return true }
            if !process.isRunning { throw Waited(description: "the browser ended before it saw '\(what)':\n\(text)") }
            return nil
        }
    }
}
