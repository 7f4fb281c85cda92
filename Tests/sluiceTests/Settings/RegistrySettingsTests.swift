import Foundation
import SluiceTypes
import SluiceWire
import Testing

@testable import sluice

@Suite struct RegistrySettingsTests {
    private func settings(_ file: String) throws -> RegistrySettings {
        try withSettingsFile(file) { path in
            var reader = try SettingsReader(file: path, flags: [:], environment: [:])
            let settings = try RegistrySettings(&reader)
            try reader.finish()
            return settings
        }
    }

    private func temporary(_ text: String) throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(path: "registry-\(UUID().uuidString)")
        try Data(text.utf8).write(to: url)
        return url.path
    }

    private func json(_ login: RegistryLogin?) throws -> JSONTree {
        let text = try #require(login).header.replacing("-", with: "+").replacing("_", with: "/")
        return try JSONTree(parsing: try #require(Data(base64Encoded: text)))
    }

    @Test func loginsComeFromTheListAFileAndDockersConfig() async throws {
        let password = try temporary("from-a-file\n")
        let config = try temporary(
            #"{"auths":{"c.example.com":{"auth":"\#(Data("carl:pw".utf8).base64EncodedString())"},"a.example.com":{"auth":"eDp5"}}}"#)
        defer { for path in [password, config] { try? FileManager.default.removeItem(atPath: path) } }
        let settings = try settings(
            """
            runners:
              registries:
                - {host: "https://A.example.com/v2/", username: anna, password: "0123"}
                - {host: "b.example.com:5000", username: ben, passwordFile: \(password)}
              dockerConfig: \(config)
            """)
        let first = try json(await settings.login(to: "a.example.com"))
        #expect(first["username"]?.string == "anna" && first["password"]?.string == "0123")
        let second = try json(await settings.login(to: "b.example.com:5000"))
        #expect(second["username"]?.string == "ben" && second["password"]?.string == "from-a-file")
        let third = try json(await settings.login(to: "c.example.com"))
        #expect(third["username"]?.string == "carl" && third["password"]?.string == "pw")
        #expect(try await settings.login(to: "docker.io") == nil)
        // What is renewed is read again; what has gone is said.
        try Data("renewed".utf8).write(to: URL(filePath: password))
        #expect(try json(await settings.login(to: "b.example.com:5000"))["password"]?.string == "renewed")
        try FileManager.default.removeItem(atPath: password)
        let gone = await #expect(throws: RunnerFault.self) { try await settings.login(to: "b.example.com:5000") }
        #expect(gone?.description == "no login for b.example.com:5000: the file '\(password)' cannot be read")
    }

    @Test(arguments: [
        ("registries: [s3cret]", "a list of at most 100 objects"),
        ("registries: s3cret", "a list of at most 100 objects"),
        ("registries: [{username: a, password: s3cret}]", "[0]: host is required"),
        ("registries: [{host: a, password: s3cret}]", "[0]: username is required"),
        ("registries: [{host: a, username: b}]", "[0]: one of password and passwordFile is right"),
        ("registries: [{host: a, username: b, password: s3cret, passwordFile: /x}]", "[0]: one of password and passwordFile is right"),
        (
            "registries: [{host: a, username: b, password: 123}]",
            "[0].password: a text of 1 to 8192 bytes is right; what looks like a number"
        ),
        ("registries: [{host: a, username: b, pasword: s3cret}]", "[0]: 'pasword' is no key of a registry"),
        ("registries: [{host: a, username: b, password: s3cret}, {host: A, username: b, password: s3cret}]", "a host is there twice"),
        ("registries: [{host: a, username: b, passwordFile: /no/such/file}]", "the file '/no/such/file' cannot be read"),
        ("dockerConfig: /no/such/config", "the file '/no/such/config' cannot be read"),
        ("dockerConfig: /etc/passwd", "JSON as Docker writes it, with auths, is right"),
    ])
    func whatIsWrongIsNamedAndNoSecretShown(_ line: String, _ words: String) {
        let error = #expect(throws: SettingsError.self) { try settings("runners:\n  \(line)\n") }
        let text = error?.description ?? ""
        #expect(text.contains(words) && !text.contains("s3cret"), "\(text)")
    }

    @Test func noSecretIsAmongTheSettingsThatHold() throws {
        let file = """
            runners:
              secret: s3cret
              registries: [{host: a, username: b, password: s3cret}]
              list: [{label: a, image: x, health_url: /h, app: a, env: {TOKEN: s3cret}}]
            """
        try withSettingsFile(file) { path in
            var reader = try SettingsReader(file: path, flags: ["marketplace.peerSecret": "s3cret"], environment: [:])
            _ = try RunnerFileSettings(&reader, serviceURI: "https://o:1")
            _ = reader.text("marketplace.peerSecret")
            let all = EffectiveSetting.all(reader.effective)
            #expect(all.allSatisfy { $0.value?.contains("s3cret") != true })
            #expect(
                all.filter(\.isSecret).map(\.key) == ["marketplace.peerSecret", "runners.list", "runners.registries", "runners.secret"])
        }
    }
}
