import ArgumentParser
import Logging

/// Flags for what changes from run to run; everything else is in the file and the environment.
struct GatewayOptions: ParsableArguments {
    @Option(help: "Settings file (YAML); see config/gateway.yaml.") var config: String?
    @Option(help: "RTMP port (1935).") var rtmpPort: String?
    @Option(help: "HTTP port for pushing and playing (9935).") var httpPort: String?
    @Option(help: "Admin port (5935).") var adminPort: String?
    @Option(help: "Renditions: preset names, comma separated, or 'none'.") var profiles: String?
    @Option(help: "Orchestrator to use, host:port or URI; repeat for more. Without one, an orchestrator is embedded.")
    var orchestrator: [String] = []
    @Option(help: "Record what routing does, for `sluice simulate FILE`; a name that ends in .jsonl.") var record: String?
    @Option(help: "Log level: trace, debug, info, notice, warning, error.") var logLevel: String = "info"

    /// By key of the settings file.
    var overrides: [String: String] {
        var flags: [String: String] = [:]
        flags["rtmp.port"] = rtmpPort
        flags["http.port"] = httpPort
        flags["admin.port"] = adminPort
        flags["profiles"] = profiles
        flags["record"] = record
        if !orchestrator.isEmpty { flags["orchestrators"] = orchestrator.joined(separator: ",") }
        return flags
    }

    func load() throws -> LoadedSettings { try SettingsSource(file: config, flags: overrides).load() }
}
