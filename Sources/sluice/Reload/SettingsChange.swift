import SluiceGateway
import SluiceRouting
import SluiceTypes

/// Takes up what can be taken up of changed settings; live streams keep what they began with, except for what is promised to them and
/// who works for them.
struct SettingsChange {
    let desk: Desk
    let access: Access
    let doors: Doors
    let metrics: GatewayMetrics

    /// - Throws: before anything was changed.
    /// - Returns: what an operator should know.
    func apply(_ old: GatewayFileSettings, _ new: GatewayFileSettings) async throws -> [String] {
        guard
            new.admin.tokens.isEmpty == false || new.admin.takesSigned == .on || old.admin.tokens.isEmpty
                || AdminSettings.isLoopback(old.admin.listen.host)
        else {
            throw SettingsError("admin.tokens: the last token cannot go while the admin port is bound to \(old.admin.listen.host)")
        }
        let rules = try await doors.prepare(new.doors)
        if old.listed != new.listed { try desk.roster.renew(new.listed) }
        if old.gpuClasses != new.gpuClasses { desk.directory.renew(new.gpuClasses) }
        access.renew(new.admin.tokens)
        var notes = rules.map(doors.take) ?? []
        desk.levels.renew(node: (old.role.routing.serviceLevel, new.role.routing.serviceLevel), tenants: new.tenants)
        desk.quotas.renew(new.tenants)
        var role = new.role
        // Changed at the admin port since, and not in the file.
        if old.role.profiles == new.role.profiles { role.profiles = desk.table.settings.profiles }
        desk.table.reconfigure(role)
        metrics.setMaxStreams(role.maxStreams)
        desk.route.reconfigure(role.routing)
        desk.route.renewServiceLevels(node: desk.levels.node)
        let hasEmbedded = desk.roster.entry(.embedded) != nil
        if new.listed.isEmpty, !hasEmbedded {
            notes.append("the list of orchestrators is empty: nothing is transcoded until it is not, or until a restart embeds one")
        }
        if !new.listed.isEmpty, hasEmbedded, old.listed.isEmpty {
            notes.append("the embedded orchestrator works on beside those of the list until a restart; drain it to have it out of the way")
        }
        return notes
    }
}
