import SluiceNetwork

/// Who is asked before anybody may publish.
struct AuthWebhookSettings: Hashable {
    var url: RemoteURL?
    var timeout: Duration

    /// ## Configuration keys
    /// - `authWebhook` (http or https URL, default none: everybody may publish) and `authWebhookTimeoutMs` (int, default 3000,
    ///   100…60000).
    init(_ reader: inout SettingsReader) throws {
        if let text = reader.text("authWebhook") {
            guard let url = RemoteURL(text) else {
                throw SettingsError(
                    key: "authWebhook", value: text, source: reader.source(of: "authWebhook"),
                    wish: "a URL like https://auth.example.com/publish is right")
            }
            self.url = url
        }
        timeout = try reader.milliseconds("authWebhookTimeoutMs", default: 3000, in: 100...60_000)
    }
}
