import SluiceNetwork

/// Who may see streams.
struct ViewerSettings: Hashable {
    enum Auth: String, CaseIterable { case none, token, webhook }

    var auth: Auth
    /// Of `webhook`.
    var url: RemoteURL?
    /// How long a webhook's word holds.
    var memory: Duration

    /// ## Configuration keys
    /// - `viewers.auth` (none | token | webhook, default none): everybody, who has a signed token (`IdentitySettings`) that covers the
    ///   stream, or whom a webhook lets in.
    /// - `viewers.webhook` (http or https URL, default `authWebhook`) and `viewers.memoryMs` (int, default 30000, 1000…3600000): how long
    ///   its word on a viewer holds.
    init(_ reader: inout SettingsReader, publishers: AuthWebhookSettings) throws {
        auth = try reader.choice("viewers.auth", default: .none)
        url = publishers.url
        if let text = reader.text("viewers.webhook") {
            guard let told = RemoteURL(text) else {
                throw SettingsError(
                    key: "viewers.webhook", value: text, source: reader.source(of: "viewers.webhook"),
                    wish: "a URL like https://auth.example.com/view is right")
            }
            url = told
        }
        memory = try reader.milliseconds("viewers.memoryMs", default: 30_000, in: 1000...3_600_000)
        if auth == .webhook, url == nil {
            throw SettingsError(
                key: "viewers.auth", value: "webhook", source: reader.source(of: "viewers.auth"),
                wish: "nobody is there to be asked: viewers.webhook, or authWebhook, is right beside it")
        }
    }
}
