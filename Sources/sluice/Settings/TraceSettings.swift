import SluiceNetwork

/// Where traces go.
struct TraceSettings: Hashable {
    /// `nil` for nowhere.
    var endpoint: RemoteURL?
    /// Of the header `Authorization`.
    var authorization: String?
    /// Of segments, 0 to 1.
    var share: Double
    /// Between two requests.
    var interval: Duration

    /// ## Configuration keys
    /// - `traces.endpoint` (http or https URL, default none: no traces): a collector that takes OTLP over HTTP; without a path it is
    ///   `/v1/traces`.
    /// - `traces.authorization` (text, default none): what goes into the header of that name.
    /// - `traces.sample` (number, default 1, 0…1): the share of segments that is traced.
    /// - `traces.intervalMs` (int, default 1000, 100…60000): spans are gathered for so long and sent together.
    init(_ reader: inout SettingsReader) throws {
        if let text = reader.text("traces.endpoint") {
            // The path of OTLP/HTTP, as every collector has it.
            guard let url = RemoteURL(text), let whole = url.path == "/" ? RemoteURL(Self.slashless(text) + "/v1/traces") : url else {
                throw SettingsError(
                    key: "traces.endpoint", value: text, source: reader.source(of: "traces.endpoint"),
                    wish: "a URL like http://127.0.0.1:4318 is right")
            }
            endpoint = whole
        }
        authorization = reader.text("traces.authorization")
        if let authorization, !authorization.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            throw SettingsError(
                key: "traces.authorization", value: "…", source: reader.source(of: "traces.authorization"),
                wish: "printable characters, like Bearer TOKEN, are right")
        }
        share = try reader.double("traces.sample", default: 1, in: 0...1)
        interval = try reader.milliseconds("traces.intervalMs", default: 1000, in: 100...60_000)
    }

    private static func slashless(_ text: String) -> String { text.hasSuffix("/") ? String(text.dropLast()) : text }
}
