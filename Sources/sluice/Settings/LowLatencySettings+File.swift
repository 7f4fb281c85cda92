import SluiceGateway

extension LowLatencySettings {
    /// ## Configuration keys
    /// - `lowLatency.partMs` (int, default 200, 100…1000, or 0): wished-for length of a part; 0 packages nothing for low latency.
    /// - `lowLatency.window` (int, default 6, 3…60): segments listed and kept.
    /// - `lowLatency.mostWaiting` (int, default 10000, 1…1000000): requests of one stream that wait.
    static func read(_ reader: inout SettingsReader) throws -> LowLatencySettings {
        var settings = LowLatencySettings()
        let part = try reader.int("lowLatency.partMs", default: 200, in: 0...1000)
        guard part == 0 || part >= 100 else {
            throw SettingsError(
                key: "lowLatency.partMs", value: "\(part)", source: reader.source(of: "lowLatency.partMs"),
                wish: "a whole number from 100 to 1000 is right, or 0 for no low latency at all")
        }
        settings.isOn = part > 0
        if part > 0 { settings.part = .milliseconds(part) }
        settings.window = try reader.int("lowLatency.window", default: settings.window, in: 3...60)
        settings.mostWaiting = try reader.int("lowLatency.mostWaiting", default: settings.mostWaiting, in: 1...1_000_000)
        return settings
    }
}

extension SettingsReader {
    /// How many segments a playlist lists: as many as a player needs, or none.
    mutating func window(_ key: String, default fallback: Int) throws -> Int {
        let window = try int(key, default: fallback, in: 0...60)
        guard window == 0 || window >= 3 else {
            throw SettingsError(
                key: key, value: "\(window)", source: source(of: key),
                wish: "a whole number from 3 to 60 is right, or 0 for no such playlists")
        }
        return window
    }
}
