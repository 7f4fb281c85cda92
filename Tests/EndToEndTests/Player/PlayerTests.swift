import Foundation
import Testing

/// The page for viewers in real Chromium: parts as they are made, another rendition, a publisher who leaves and comes back otherwise.
@Suite(.serialized, .timeLimit(.minutes(4))) struct PlayerTests {
    @Test func aViewerStaysCloseToLive() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-player-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let settings = folder.appendingPathComponent("gateway.yaml")
        try Data("publisherLost: {holdMs: 8000}\n".utf8).write(to: settings)
        let gateway = try await RunningGateway(["--profiles", "P240p30fps16x9", "--config", settings.path])
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("player.py").path
        let pictures = ProcessInfo.processInfo.environment["PLAYER_PICTURES"] ?? folder.path
        let browser = try BrowserScript([script, "\(gateway.http)/play/cam", pictures], log: folder.appendingPathComponent("browser.log"))
        try await browser.saw("nothing is live")

        let first = try gateway.publish("cam", seconds: 240)
        for what in ["plays the source", "plays a rendition", "plays the source again", "ready for the loss"] {
            try await browser.saw(what)
        }
        first.killAtOnce()
        _ = await first.status()
        let second = try gateway.publish("cam", seconds: 240, size: "320x180")
        try browser.tell("back")
        for what in ["plays what came back", "ready for the end"] { try await browser.saw(what) }
        second.killAtOnce()
        try browser.tell("ended")
        for what in ["says that it ended", "no fault"] { try await browser.saw(what) }
        gateway.program.terminate()
        #expect(await gateway.program.status() == 0)
    }

    @Test func aViewerWithATokenPlaysByRelativeNames() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-token-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (settings, secret) = (folder.appendingPathComponent("gateway.yaml"), folder.appendingPathComponent("secret").path)
        try Data("a secret of thirty-two bytes and more\n".utf8).write(to: URL(fileURLWithPath: secret))
        try Data("jwt: {secretFile: \(secret), audience: sluice}\nviewers: {auth: token}\n".utf8).write(to: settings)
        let gateway = try await RunningGateway(["--profiles", "P144p30fps16x9", "--config", settings.path])
        let publisher = try gateway.publish("cam", seconds: 200, size: "320x180")
        let token = try await TokenMaker.token(#"{"view": "cam"}"#, secret: secret)
        _ = try await eventually("a rendition") {
            try await gateway.get("/t/\(token)/ll/cam.m3u8").contains("P144p30fps16x9") ? true : nil
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("token_viewer.py").path
        let browser = try BrowserScript(
            [script, gateway.http, token], log: folder.appendingPathComponent("browser.log"))
        for what in [
            "asks for a token", "plays by parts", "plays a rendition", "every name carries the token", "plays in the browser's own player",
            "no fault",
        ] { try await browser.saw(what) }
        publisher.killAtOnce()
        gateway.program.terminate()
        #expect(await gateway.program.status() == 0)
    }
}
