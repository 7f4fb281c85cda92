import Foundation
import Testing

/// What `/openapi.json` says is what the server answers: schemathesis from PyPI makes requests of it, right ones and wrong ones, and compares.
/// Needs python3 with schemathesis (scripts/test installs it).
@Suite(.serialized, .timeLimit(.minutes(3))) struct OpenAPITests {
    @Test func theAdminPortAnswersAsItsDocumentSays() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("openapi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let settings = folder.appendingPathComponent("gateway.yaml")
        try Data("marketplace:\n  registry: \(folder.path)/registry.sqlite\n".utf8).write(to: settings)
        let gateway = try await RunningGateway(["--config", settings.path])
        let run = try Program([
            // It keeps notes where it stands.
            "env", "--chdir=\(folder.path)", "python3", "-W", "ignore", "-m", "schemathesis.cli", "run", "\(gateway.admin)/openapi.json",
            "--url", gateway.admin,
            // The media port is another server, and /healthz and the like are text of their own.
            "--exclude-path-regex", "^/(live|stream|ll)/", "--max-examples", "25", "--seed", "1", "--workers", "1", "--no-color",
            "--generation-deterministic", "--suppress-health-check", "all",
        ])
        let status = await run.status()
        #expect(status == 0, "\(run.text)")
        #expect(run.text.contains("/marketplace/quote") || run.text.contains("passed"), "\(run.text)")
        #expect(gateway.program.isRunning)
    }
}
