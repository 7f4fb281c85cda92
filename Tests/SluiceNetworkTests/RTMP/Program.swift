import Foundation

/// A media program of the system, run to its end.
struct Program {
    struct Outcome {
        var status: Int32
        var output: String
    }

    static func path(_ name: String) -> String? {
        ["/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + name }.first(where: FileManager.default.isExecutableFile)
    }

    static var isFFmpegHere: Bool { path("ffmpeg") != nil && path("ffprobe") != nil }

    static func fixture(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fixtures/media/\(name)").standardizedFileURL.path
    }

    let process = Process()
    private let pipe = Pipe()

    init(_ name: String, _ arguments: [String]) throws {
        process.executableURL = URL(filePath: Self.path(name) ?? name)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
    }

    /// Standard output and error together; what these programs say with `-v error` fits into the pipe.
    func run() async throws -> Outcome {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
                process.terminationHandler = { _ in done.resume() }
                do { try process.run() } catch {
                    process.terminationHandler = nil
                    done.resume(throwing: error)
                }
            }
        } onCancel: {
            if process.isRunning { process.terminate() }
        }
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return Outcome(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}
