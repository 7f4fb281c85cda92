import Foundation
import Testing

/// What `/openapi.json` says is what the server answers: schemathesis from PyPI makes requests of it, right ones and wrong ones, and compares.
/// Needs python3 with schemathesis (scripts/test installs it).
@Suite(.serialized, .timeLimit(.minutes(5))) struct OpenAPITests {
    @Test(arguments: ["", "a-token-of-the-document-test"]) func theAdminPortAnswersAsItsDocumentSays(token: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("openapi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let settings = folder.appendingPathComponent("gateway.yaml")
        var text = "marketplace: {registry: \(folder.path)/registry.sqlite}\nprofiles: none\ntenants: {acme: {streams: [acme-]}}\n"
        if !token.isEmpty { text += "admin: {tokens: [{role: admin, name: test, token: \(token)}]}\n" }
        try Data(text.utf8).write(to: settings)
        let gateway = try await RunningGateway(["--config", settings.path])
        let field = token.isEmpty ? [] : ["-H", "Authorization: Bearer \(token)"]
        // Something that can be looked at, and stopped.
        let publisher = try gateway.publish("cam", seconds: 240, size: "160x90")
        _ = try await eventually("a stream") { try await gateway.playlist("cam", "source") }
        let rules = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Observing/schemathesis.toml").path
        let run = try Program(
            [
                // It keeps notes where it stands.
                "env", "--chdir=\(folder.path)", "python3", "-W", "ignore", "-m", "schemathesis.cli", "--config-file", rules, "run",
                "\(gateway.admin)/openapi.json", "--url", gateway.admin,
                // The media port is another server, and events have no end.
                "--exclude-path-regex", "^/(live|stream|ll|apps)/|^/api/v1/events$", "--max-examples", "15", "--seed", "1", "--workers",
                "1",
                "--no-color", "--generation-deterministic", "--suppress-health-check", "all",
            ] + field)
        let status = await run.status()
        #expect(status == 0, "\(run.text.suffix(6000))")
        #expect(run.text.contains("/marketplace/quote") || run.text.contains("passed"), "\(run.text.suffix(6000))")
        #expect(gateway.program.isRunning)
        publisher.killAtOnce()
    }
}
