import Foundation
import SluiceNetwork
import SluiceOrchestrator

/// Everything a stand-alone orchestrator can be told, from flag, environment, file and default.
struct OrchestratorFileSettings {
    var listen: ListenSettings
    var admin: AdminSettings
    var serviceURI: String
    var certificate: CertificateFiles
    var transcode: TranscodeFileSettings
    var admission: Admission.Settings
    var runners: RunnerFileSettings
    var pricing: PricingSettings
    var traces: TraceSettings

    static func load(file: String?, flags: [String: String]) throws -> OrchestratorFileSettings {
        var reader = try SettingsReader(file: file, flags: flags)
        let settings = try OrchestratorFileSettings(&reader)
        try reader.finish()
        return settings
    }

    /// ## Configuration keys
    /// Those of `ListenSettings` under `service` (8935, default host 0.0.0.0), those of `AdminSettings` (7935), `TranscodeFileSettings`,
    /// `PricingSettings`, `TraceSettings` and `RunnerFileSettings`, and:
    /// - `serviceURI` (text, default https://127.0.0.1:PORT): how gateways reach this orchestrator.
    /// - `certificate`, `key` (paths, default none): PEM; without them a self-signed certificate is made at start.
    /// - `maxSessions` (int, default 10, 1…1000), `queuedSegments` (int, default 4, 0…32) per session.
    /// - `sessionIdleMs` (int, default 70000, 1000…3600000).
    init(_ reader: inout SettingsReader) throws {
        listen = try ListenSettings(&reader, prefix: "service", port: 8935, host: "0.0.0.0")
        admin = try AdminSettings(&reader, port: 7935)
        serviceURI = reader.text("serviceURI", default: "https://127.0.0.1:\(listen.port)")
        guard let uri = URL(string: serviceURI), uri.scheme == "https" || uri.scheme == "http", uri.host != nil, uri.port != nil,
            uri.path.isEmpty
        else {
            throw SettingsError(
                key: "serviceURI", value: serviceURI, source: reader.source(of: "serviceURI"),
                wish: "a URI like https://host:8935, with its port and without a path, is right")
        }
        certificate = CertificateFiles(&reader)
        transcode = try TranscodeFileSettings(&reader)
        pricing = try PricingSettings(&reader)
        traces = try TraceSettings(&reader)
        admission = Admission.Settings(
            maxSessions: try reader.int("maxSessions", default: 10, in: 1...1000),
            queuedSegments: try reader.int("queuedSegments", default: 4, in: 0...32),
            idleAfter: try reader.milliseconds("sessionIdleMs", default: 70_000, in: 1000...3_600_000))
        runners = try RunnerFileSettings(&reader, serviceURI: serviceURI)
    }

    /// - Returns: `nil` for an `http://` service URI: cleartext was asked for.
    func tls() throws -> HTTPServerTLS? {
        guard let uri = URL(string: serviceURI), uri.scheme == "https" else { return nil }
        if let given = try certificate.tls() { return given }
        let made = try SelfSignedCertificate.make(host: uri.host ?? "localhost")
        return HTTPServerTLS(certificatePEM: made.certificatePEM, keyPEM: made.keyPEM)
    }
}
