/// Whom the settings let publish, watch and steer: all of it can change while streams run (`Doors`).
struct DoorSettings: Hashable, Sendable {
    var authWebhook: AuthWebhookSettings
    var identity: IdentitySettings
    var viewers: ViewerSettings
    /// `admin.jwt`.
    var takesSignedOperators: Bool
}

extension GatewayFileSettings {
    var doors: DoorSettings {
        DoorSettings(authWebhook: authWebhook, identity: identity, viewers: viewers, takesSignedOperators: admin.takesSigned == .on)
    }
}
