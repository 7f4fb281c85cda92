import NIOPosix

/// Where a gateway's settings come from: a file, if any, and the flags it was started with.
struct SettingsSource: Sendable {
    var file: String?
    var flags: [String: String]

    /// Blocks while the file is read.
    func load() throws -> LoadedSettings {
        var reader = try SettingsReader(file: file, flags: flags)
        let settings = try GatewayFileSettings(&reader)
        try reader.finish()
        return LoadedSettings(source: self, settings: settings, effective: reader.effective)
    }

    /// As `load`, on a thread that may block.
    func read() async throws -> LoadedSettings {
        try await NIOThreadPool.singleton.runIfActive { try load() }
    }
}

struct LoadedSettings: Sendable {
    var source: SettingsSource
    var settings: GatewayFileSettings
    var effective: [String: SettingsReader.Effective]
}
