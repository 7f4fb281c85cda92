/// Where the admin port is and who may do what there.
struct AdminSettings: Hashable {
    var listen: ListenSettings
    var tokens: [AccessTokenSettings]
    /// Whether signed tokens (`IdentitySettings`) with a role are taken too.
    var takesSigned = Switch.off

    /// ## Configuration keys
    /// Those of `ListenSettings` and of `AccessTokenSettings` under `admin`, and for a gateway:
    /// - `admin.jwt` (on | off, default off): whether signed tokens with a role are taken too.
    ///
    /// - Throws: `SettingsError` also for a port that others reach and that asks nobody who they are.
    init(_ reader: inout SettingsReader, port: Int, knowsSigned: Bool = false) throws {
        listen = try ListenSettings(&reader, prefix: "admin", port: port)
        tokens = try AccessTokenSettings.read(&reader)
        if knowsSigned { takesSigned = try reader.choice("admin.jwt", default: .off) }
        guard !tokens.isEmpty || takesSigned == .on || Self.isLoopback(listen.host) else {
            throw SettingsError(
                key: "admin.host", value: listen.host, source: reader.source(of: "admin.host"),
                wish: "others reach this address, and the port asks nobody who they are: 127.0.0.1 is right, or admin.tokens with a token, "
                    + "e.g. SLUICE_ADMIN_TOKENS=admin:$(openssl rand -hex 24)")
        }
    }

    /// Whether only this machine reaches it.
    static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
