import Logging
import SluiceGateway
import SluiceTypes

/// Lets publishers in: asks the auth webhook where there is one, and finds out what is promised for the stream.
struct StreamAdmission: PublishAdmission {
    let webhook: AuthWebhook?
    let levels: ServiceLevels
    /// Called when a stream was opened, so that what is promised holds at once.
    let changed: @Sendable (StreamID) -> Void
    /// Called when a stream was opened, with its tenant, and when it has ended.
    var began: @Sendable (StreamID, _ tenant: String?, _ request: PublishRequest) -> Void = { _, _, _ in }
    var over: @Sendable (StreamID) -> Void = { _ in }
    let logger: Logger

    func admit(_ request: PublishRequest) async throws(PublishRefusal) -> PublishGrant {
        let answer = try await webhook?.ask(request)
        let stream = answer?.stream ?? request.stream
        let key = answer?.key ?? request.key
        if let tenant = answer?.tenant, levels.level(ofTenant: tenant) == nil {
            throw .unusable("the auth webhook names tenant '\(tenant)'; the settings have \(known)")
        }
        if let answer, !answer.unheeded.isEmpty {
            logger.notice("auth webhook", metadata: ["stream": "\(stream)", "not done here": "\(answer.unheeded)"])
        }
        let tenant = answer?.tenant ?? levels.tenant(of: stream, key: request.key)
        let change = answer?.serviceLevel ?? .none
        return PublishGrant(stream: stream, key: key, profiles: answer?.profiles, liveVideo: answer?.liveVideo) {
            [levels, changed, began] in
            levels.opened(stream, tenant: tenant, change)
            changed(stream)
            began(stream, tenant, request)
        }
    }

    func ended(_ stream: StreamID) {
        levels.ended(stream)
        over(stream)
    }

    private var known: String { levels.tenantNames.isEmpty ? "none" : levels.tenantNames.joined(separator: ", ") }
}
