/// Streams that belong together, and what is promised for them.
struct TenantSettings: Hashable, Sendable {
    /// Each stream that is opened looks at all of them.
    static let most = 1000

    var name: String
    /// Beginnings of stream names.
    var prefixes: [String]
    /// Stream keys (`rtmp://host/live/NAME/KEY`).
    var keys: Set<String>
    var serviceLevel: ServiceLevelChange
    var quota = TenantQuota.none

    /// ## Configuration keys, under `tenants.NAME`
    /// - `streams` (list, default empty): beginnings of the names of its streams.
    /// - `keys` (list, default empty): stream keys of its publishers.
    /// - those of `TenantQuota` under `quota`.
    /// - those of `ServiceLevelSettings` under `sla`; what is missing is the node's.
    static func read(_ reader: inout SettingsReader) throws -> [TenantSettings] {
        let names = reader.names(under: "tenants")
        guard names.count <= most else { throw SettingsError("tenants: there are \(names.count); at most \(most) are right") }
        return try names.map { name in
            let prefix = "tenants.\(name)"
            return TenantSettings(
                name: name, prefixes: reader.list("\(prefix).streams") ?? [], keys: Set(reader.list("\(prefix).keys") ?? []),
                serviceLevel: try ServiceLevelChange(&reader, prefix: "\(prefix).sla"),
                quota: try TenantQuota.read(&reader, prefix: "\(prefix).quota"))
        }
    }
}
