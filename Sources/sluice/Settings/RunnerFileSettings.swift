import Foundation
import SluiceNetwork
import SluiceOrchestrator
import SluiceTypes
import SluiceWire

/// What an orchestrator is told of its runners.
struct RunnerFileSettings {
    enum Stop: String, CaseIterable {
        case open, key
    }

    /// Of a batch in a file, as of one that comes by the admin port.
    private static let longestFile = 8 << 20

    var desk: RunnerDesk.Settings
    var registry: RunnerRegistry.Settings
    /// How runners reach this orchestrator.
    var address: String
    var proxyURL: RunnerProxyURL
    var verifiesCertificates: Bool
    /// The operator's own, wherever they run.
    var orders: [RunnerOrder]
    var lifecycle: RunnerLifecycle.Settings
    /// The container engine's socket.
    var engine: String
    var registries: RegistrySettings

    /// ## Configuration keys
    /// - `runners.secret` (text, default none): what runners and BYOC workers register with; without it none can.
    /// - `runners.list` (list of objects as specs/byoc §12.1, or with `command` or `image`, default empty), `runners.file` (path, default
    ///   none): JSON, `{"runners": […]}`.
    /// - `runners.engine` (path, default /var/run/docker.sock): the socket of the container engine that runs images.
    /// - Those of `RegistrySettings`.
    /// - `runners.startMs` (int, default 300000, 1000…3600000): how long one of ours may take from its start until it is well.
    /// - `runners.stopMs` (int, default 10000, 100…600000): how long it may take to end before it is ended.
    /// - `runners.address` (URL, default `serviceURI`): how runners reach this orchestrator.
    /// - `runners.proxyURL` (URL with one `{proxy}`, default `serviceURI`/run/{proxy}).
    /// - `runners.leaseMs` (int, default 120000, 1000…86400000): what a session lives that nobody uses.
    /// - `runners.stop` (open | key, default open): whether a session is stopped by its URL alone when its client wanted no key.
    /// - `runners.answerMs` (int, default 300000, 100…3600000): how long a runner may think before it answers.
    /// - `runners.verifyCertificates` (on | off, default on): those of runners with `https` URLs.
    init(_ reader: inout SettingsReader, serviceURI: String) throws {
        desk = RunnerDesk.Settings()
        registry = RunnerRegistry.Settings()
        desk.secret = reader.text("runners.secret")
        let base = serviceURI.last == "/" ? String(serviceURI.dropLast()) : serviceURI
        address = try Self.checked(reader.text("runners.address", default: base), "runners.address", &reader) {
            text throws(JSONFault) in try RunnerForm.url(text, "runners.address", ports: 0...65_535)
        }
        proxyURL = try Self.checked(reader.text("runners.proxyURL", default: "\(base)/run/{proxy}"), "runners.proxyURL", &reader) {
            text throws(JSONFault) in try RunnerProxyURL(text)
        }
        registry.lease = try reader.milliseconds("runners.leaseMs", default: 120_000, in: 1000...86_400_000)
        desk.guardsAll = try reader.choice("runners.stop", default: Stop.open) == .key
        desk.answerTime = try reader.milliseconds("runners.answerMs", default: 300_000, in: 100...3_600_000)
        verifiesCertificates = try reader.choice("runners.verifyCertificates", default: Switch.on) == .on
        engine = reader.text("runners.engine", default: "/var/run/docker.sock")
        guard engine.hasPrefix("/"), engine.utf8.count < 108 else {
            throw SettingsError(
                key: "runners.engine", value: engine, source: reader.source(of: "runners.engine"),
                wish: "the absolute path of a Unix socket, of at most 107 bytes, is right")
        }
        registries = try RegistrySettings(&reader)
        lifecycle = RunnerLifecycle.Settings()
        lifecycle.healthInterval = desk.healthInterval
        lifecycle.startTime = try reader.milliseconds("runners.startMs", default: 300_000, in: 1000...3_600_000)
        lifecycle.stopTime = try reader.milliseconds("runners.stopMs", default: 10_000, in: 100...600_000)
        var orders: [RunnerOrder] = []
        let list = reader.text("runners.list", default: "")
        if !list.isEmpty { orders += try Self.batch("{\"runners\":\(list)}", "runners.list", &reader) }
        if let file = reader.text("runners.file") {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)), data.count <= Self.longestFile else {
                throw SettingsError(
                    key: "runners.file", value: file, source: reader.source(of: "runners.file"),
                    wish: "a file that can be read, of at most \(Self.longestFile) bytes, is right")
            }
            orders += try Self.batch(String(decoding: data, as: UTF8.self), "runners.file", &reader)
        }
        let labels = orders.map(\.facts.label)
        guard Set(labels).count == labels.count else { throw SettingsError("runners: a label is in runners.list and in runners.file") }
        self.orders = orders
    }

    private static func batch(_ text: String, _ key: String, _ reader: inout SettingsReader) throws -> [RunnerOrder] {
        try checked(text, key, &reader) { text throws(JSONFault) in try RunnerOrderForm.orders(try JSONTree(parsing: text.utf8)) }
    }

    private static func checked<Value>(
        _ text: String, _ key: String, _ reader: inout SettingsReader, _ body: (String) throws(JSONFault) -> Value
    ) throws -> Value {
        do { return try body(text) } catch {
            throw SettingsError("\(key) (\(reader.source(of: key))): \(error.description)")
        }
    }
}
