/// One setting as it holds.
struct EffectiveSetting: Codable, Hashable, Sendable {
    var key: String
    /// `nil` where it is not set and nothing stands in for it; `…` for a secret.
    var value: String?
    /// `flag`, `environment NAME`, `FILE line N` or `default`.
    var source: String
    var `default`: String?
    /// Whether a change waits for the next start.
    var needsRestart: Bool
    var isSecret: Bool

    init(_ key: String, _ effective: SettingsReader.Effective) {
        self.key = key
        isSecret = Self.isSecret(key, effective.value)
        value = isSecret && effective.value?.isEmpty == false ? "…" : effective.value
        source = effective.source
        `default` = effective.fallback
        needsRestart = Self.needsRestart(key)
    }

    static func all(_ effective: [String: SettingsReader.Effective]) -> [EffectiveSetting] {
        // What a tenant does not name is the node's, which stands there already.
        effective.filter { !$0.key.hasPrefix("tenants.") || $0.value.source != "default" }
            .map(EffectiveSetting.init).sorted { $0.key < $1.key }
    }

    /// Also what has a secret somewhere in it: in a peer, in the environment of a runner, or as the name of a stream at another server.
    private static let secrets: Set<String> = [
        "admin.tokens", "traces.authorization", "marketplace.peerSecret", "marketplace.peers", "runners.secret", "runners.registries",
        "runners.list", "liveVideo.push",
    ]
    private static let urls: Set<String> = [
        "authWebhook", "traces.endpoint", "viewers.webhook", "jwt.keys", "marketplace.webhook", "marketplace.signer",
        "marketplace.rateSource",
    ]

    private static func isSecret(_ key: String, _ value: String?) -> Bool {
        if secrets.contains(key) || (key.hasPrefix("tenants.") && key.hasSuffix(".keys")) { return true }
        // A URL may carry a password or a key.
        return urls.contains(key) && value?.contains { "?@".contains($0) } == true
    }

    /// What is bound, opened or sized once, at the start; everything else is taken up while streams run.
    private static let bound = [
        "rtmp.", "http.", "admin.host", "admin.port", "transcode.", "record", "decisionLog", "traces.", "marketplace.", "liveVideo.",
        "apps.",
    ]

    static func needsRestart(_ key: String) -> Bool { bound.contains { key.hasPrefix($0) } }
}
