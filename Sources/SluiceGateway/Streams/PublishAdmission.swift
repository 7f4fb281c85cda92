package import SluiceTypes

/// Says for the operator whether a publisher may begin, and as what.
package protocol PublishAdmission: Sendable {
    /// - Parameters:
    ///   - profiles: what the publisher itself asks for; `nil` when it asks for nothing.
    ///   - usual: what it gets where nobody says anything else.
    func admit(_ request: PublishRequest, profiles: [TranscodeProfile]?, usual: [TranscodeProfile]) async throws(PublishRefusal)
        -> PublishGrant

    /// Whether somebody may go on with a stream that is live: send its next segment, or end it.
    func confirm(_ request: PublishRequest) async throws(PublishRefusal)

    /// A stream that was granted has ended, and nobody has taken it over.
    func ended(_ stream: StreamID)
}

extension PublishAdmission {
    package func confirm(_ request: PublishRequest) async throws(PublishRefusal) {}
}

/// What a publisher was let in as.
package struct PublishGrant: Sendable {
    package var stream: StreamID
    package var key: String?
    /// `nil`: the gateway's own.
    package var profiles: [TranscodeProfile]?
    /// What is to be made of it while it is live, before what the publisher asks for.
    package var liveVideo: LiveVideoGrant?
    /// Called once the stream is open under this grant; not when its name was taken after all.
    package var opened: @Sendable () -> Void
    /// Called instead, when it was not opened after all.
    package var abandoned: @Sendable () -> Void

    package init(
        stream: StreamID, key: String?, profiles: [TranscodeProfile]? = nil, liveVideo: LiveVideoGrant? = nil,
        abandoned: @escaping @Sendable () -> Void = {},
        opened: @escaping @Sendable () -> Void = {}
    ) {
        self.stream = stream
        self.key = key
        self.profiles = profiles
        self.liveVideo = liveVideo
        self.opened = opened
        self.abandoned = abandoned
    }
}
