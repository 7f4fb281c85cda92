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

    /// BYOC (specs/byoc §4, §3, §6.2).
    static let livepeer = named("Livepeer")
    static let livepeerAddress = named("Livepeer-Eth-Address")
    static let livepeerCapability = named("Livepeer-Capability")
    static let livepeerBalance = named("Livepeer-Balance")
    static let orchestratorURL = named("X-Orchestrator-Url")
    static let streamID = named("X-Stream-Id")
    static let controlURL = named("X-Control-Url")
    static let eventsURL = named("X-Events-Url")
    static let publishURL = named("X-Publish-Url")
    static let subscribeURL = named("X-Subscribe-Url")
    static let dataURL = named("X-Data-Url")
    /// Ours, in the answers of a gateway: which runner it was, and whose.
    static let servedBy = named("Sluice-Runner")
    static let servedByOrchestrator = named("Sluice-Orchestrator")
    /// Ours: what a client wants of a runner.
    static let appVersion = named("Sluice-App-Version")
    static let appGPU = named("Sluice-App-GPU")
    static let appMemory = named("Sluice-App-Min-VRAM-MB")
    static let appPrice = named("Sluice-App-Max-Price")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("`\(text)` is a header name") }
        return name
    }
}
