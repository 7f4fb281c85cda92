package import HTTPTypes

extension HTTPField.Name {
    static let runnerRoute = named("Livepeer-Runner-Route")
    static let sessionControl = named("Livepeer-Session-Control")
    static let sessionID = named("Livepeer-Session-Id")
    static let sessionToken = named("Livepeer-Session-Token")
    /// Ours: what the client that reserved a session stops it with; in the request it asks for that to be needed.
    package static let sessionKey = named("Livepeer-Session-Key")
    /// Ours: seconds that the session lives without being used.
    package static let sessionLease = named("Livepeer-Session-Lease")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("`\(text)` is a header name") }
        return name
    }
}
