import Testing

@testable import sluice

@Suite struct SettingsReaderTests {
    private enum Colour: String, CaseIterable { case red, green }

    private func reader(
        _ file: String, flags: [String: String] = [:], environment: [String: String] = [:]
    ) throws -> SettingsReader {
        try withSettingsFile(file) { try SettingsReader(file: $0, flags: flags, environment: environment) }
    }

    /// The text of the error that reading ends with.
    private func complaint(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "no error"
    }

    @Test func flagGoesBeforeEnvironmentBeforeFileBeforeDefault() throws {
        let file = "rtmp:\n  port: 3\n"
        let environment = ["SLUICE_RTMP_PORT": "2"]
        var all = try reader(file, flags: ["rtmp.port": "1"], environment: environment)
        #expect(try all.int("rtmp.port", default: 4, in: 0...9) == 1)
        var two = try reader(file, environment: environment)
        #expect(try two.int("rtmp.port", default: 4, in: 0...9) == 2)
        var one = try reader(file)
        #expect(try one.int("rtmp.port", default: 4, in: 0...9) == 3)
        var none = try SettingsReader(file: nil, flags: [:], environment: [:])
        #expect(try none.int("rtmp.port", default: 4, in: 0...9) == 4)
    }

    @Test(arguments: [
        ("rtmp.port", "SLUICE_RTMP_PORT"), ("segmentTargetMs", "SLUICE_SEGMENT_TARGET_MS"),
        ("serviceURI", "SLUICE_SERVICE_URI"), ("transcode.threads", "SLUICE_TRANSCODE_THREADS"),
    ]) func environmentNamesFollowKeys(key: String, variable: String) {
        #expect(SettingsReader.variable(key) == variable)
    }

    @Test func outOfRangeNamesKeyValuePlaceAndRange() throws {
        var reader = try reader("# a comment\nattempts: 11\n")
        let text = complaint { _ = try reader.int("attempts", default: 3, in: 1...10) }
        for part in ["attempts", "'11'", "line 2", "from 1 to 10"] { #expect(text.contains(part), "\(text)") }
    }

    @Test func environmentIsNamedAsTheSource() throws {
        var reader = try reader("", environment: ["SLUICE_ATTEMPTS": "many"])
        let text = complaint { _ = try reader.int("attempts", default: 3, in: 1...10) }
        #expect(text.contains("environment SLUICE_ATTEMPTS") && text.contains("'many'"), "\(text)")
    }

    @Test func unknownKeyIsNamedWithTheNearest() throws {
        var reader = try reader("atempts: 3\nrtmp:\n  porr: 1\n")
        _ = try reader.int("attempts", default: 3, in: 1...10)
        _ = try reader.int("rtmp.port", default: 3, in: 1...10)
        let text = complaint { try reader.finish() }
        #expect(text.contains("'atempts'") && text.contains("did you mean 'attempts'"), "\(text)")
        #expect(text.contains("'rtmp.porr'") && text.contains("did you mean 'rtmp.port'"), "\(text)")
    }

    @Test func choicesAreListed() throws {
        var reader = try reader("colour: blue\n")
        let text = complaint { _ = try reader.choice("colour", default: Colour.red) }
        #expect(text.contains("one of red, green"), "\(text)")
    }

    @Test func listsAreSequencesOrCommas() throws {
        var sequence = try reader("orchestrators:\n  - a:1\n  - https://b:2\n")
        #expect(sequence.list("orchestrators") == ["a:1", "https://b:2"])
        var commas = try reader("orchestrators: a:1, https://b:2\n")
        #expect(commas.list("orchestrators") == ["a:1", "https://b:2"])
    }

    @Test func objectsInListsBecomeJSON() throws {
        var reader = try reader("profiles:\n  - name: \"a\\\"b\"\n    width: 640\n")
        #expect(reader.text("profiles") == #"[{"name":"a\u0022b","width":640}]"#)
    }

    @Test(arguments: ["", "# only comments\n", "---\n"]) func emptyFileIsAllDefaults(text: String) throws {
        var reader = try reader(text)
        #expect(try reader.int("attempts", default: 3, in: 1...10) == 3)
        try reader.finish()
    }

    @Test(arguments: ["a: [1,", "just words", "a: b: c"]) func brokenFileIsAnErrorThatNamesIt(text: String) {
        #expect(complaint { _ = try reader(text) }.contains(".yaml"))
    }

    @Test func missingFileIsNamed() {
        let text = complaint { _ = try SettingsReader(file: "/nowhere/gateway.yaml", flags: [:], environment: [:]) }
        #expect(text.contains("/nowhere/gateway.yaml"))
    }
}
