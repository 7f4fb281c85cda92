/// Where a server listens.
struct ListenSettings: Hashable {
    var host: String
    var port: Int

    /// ## Configuration keys (under `prefix`)
    /// - `host` (text, default 127.0.0.1): address to listen on; 0.0.0.0 for all.
    /// - `port` (int, 0…65535): 0 takes a free one.
    init(_ reader: inout SettingsReader, prefix: String, port: Int, host: String = "127.0.0.1") throws {
        self.host = reader.text("\(prefix).host", default: host)
        self.port = try reader.int("\(prefix).port", default: port, in: 0...65_535)
    }
}
