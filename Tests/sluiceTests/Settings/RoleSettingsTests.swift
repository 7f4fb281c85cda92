import SluiceGateway
import SluiceTypes
import SluiceWire
import Testing

@testable import sluice

@Suite struct RoleSettingsTests {
    private func gateway(_ file: String) throws -> GatewayFileSettings {
        try withSettingsFile(file) { path in
            var reader = try SettingsReader(file: path, flags: [:], environment: [:])
            let settings = try GatewayFileSettings(&reader)
            try reader.finish()
            return settings
        }
    }

    private func orchestrator(_ file: String) throws -> OrchestratorFileSettings {
        try withSettingsFile(file) { path in
            var reader = try SettingsReader(file: path, flags: [:], environment: [:])
            return try OrchestratorFileSettings(&reader)
        }
    }

    private func complaint(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "no error"
    }

    @Test func aMissingFileIsAWorkingGateway() throws {
        var reader = try SettingsReader(file: nil, flags: [:], environment: [:])
        let settings = try GatewayFileSettings(&reader)
        #expect(settings.embedsOrchestrator)
        #expect(settings.rtmp.port == 1935 && settings.http.port == 9935 && settings.admin.listen.port == 5935)
        #expect(settings.rtmp.host == "127.0.0.1")
        #expect(settings.role.profiles.map(\.name) == ["P240p30fps16x9", "P360p30fps16x9"])
    }

    @Test func runnersOfAnOrchestratorAreReadAndWhatIsWrongIsNamed() throws {
        let entry = "{label: a, runner_url: \"http://h:1\", health_url: /health, app: x/y, version: \"1.0\", capacity: 2}"
        let settings = try orchestrator("serviceURI: https://o:0\nrunners:\n  list:\n    - \(entry)\n").runners
        #expect(settings.orders.map(\.facts.version) == ["1.0"] && settings.orders.map(\.facts.capacity) == [2])
        #expect(settings.address == "https://o:0" && settings.proxyURL.url("x") == "https://o:0/run/x")
        let wrong = complaint { _ = try orchestrator("runners:\n  list:\n    - {label: a, health_url: /h, app: x, runner_url: nope}\n") }
        #expect(
            wrong.hasPrefix("runners.list (")
                && wrong.hasSuffix("runners[0]: runner_url 'nope': an absolute URL like http://127.0.0.1:9000 is right"))
    }

    @Test func profilesCanBeObjectsPresetsOrNone() throws {
        let objects = "profiles:\n  - name: small\n    width: 320\n    height: 180\n    bitrate: 400000\n    fps: 30\n"
        #expect(try gateway(objects).role.profiles.map(\.name) == ["small"])
        #expect(try gateway("profiles: [P720p30fps16x9]\n").role.profiles.map(\.name) == ["P720p30fps16x9"])
        #expect(try gateway("profiles: none\n").role.profiles.isEmpty)
    }

    @Test func anUnknownProfileIsNamed() {
        let text = complaint { _ = try gateway("profiles: P999p\n") }
        #expect(text.contains("profiles") && text.contains("P999p"), "\(text)")
    }

    @Test func anOrchestratorInTheListEndsTheEmbedding() throws {
        #expect(try !gateway("orchestrators: [\"https://o:8935\"]\n").embedsOrchestrator)
    }

    @Test(arguments: ["host:8935", "https://host", "https://host:8935/path", "ftp://host:1"])
    func aServiceURIWithoutPortOrWithPathIsRefused(uri: String) {
        #expect(complaint { _ = try orchestrator("serviceURI: \(uri)\n") }.contains("serviceURI"))
    }

    @Test func aMissingCertificateIsNamed() throws {
        let settings = try orchestrator("certificate: /nowhere/cert.pem\nkey: /nowhere/key.pem\n")
        #expect(complaint { _ = try settings.tls() }.contains("/nowhere/cert.pem"))
    }

    @Test func certificateAndKeyComeTogether() throws {
        let settings = try orchestrator("key: /nowhere/key.pem\n")
        #expect(complaint { _ = try settings.tls() }.contains("'certificate' is missing"))
    }
}
