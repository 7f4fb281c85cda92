import Logging
import SluiceGateway
import SluiceIdentity
import SluiceTypes

/// Lets publishers in: looks at their token and asks the auth webhook, where the settings want that, finds out whose stream it is and what is
/// promised for it, and keeps to what its tenant may have.
struct StreamAdmission: PublishAdmission {
    let doors: Doors
    let levels: ServiceLevels
    var quotas = QuotaBook(tenants: [])
    /// Called when a stream was opened, so that what is promised holds at once.
    let changed: @Sendable (StreamID) -> Void
    /// Called when a stream was opened, with its tenant, and when it has ended.
    var began: @Sendable (StreamID, _ tenant: String?, _ request: PublishRequest) -> Void = { _, _, _ in }
    var over: @Sendable (StreamID) -> Void = { _ in }
    let logger: Logger

    func admit(
        _ request: PublishRequest, profiles: [TranscodeProfile]?, usual: [TranscodeProfile]
    ) async throws(PublishRefusal) -> PublishGrant {
        let tokens = doors.publisherTokens
        let claims = try await claims(of: request, by: tokens.map { [$0] } ?? [])
        let answer = try await doors.publisherWebhook?.ask(request)
        let stream = answer?.stream ?? request.stream
        let key = answer?.key ?? request.key
        for (who, tenant) in [("auth webhook", answer?.tenant), ("token", claims?.tenant)] {
            guard let tenant, levels.level(ofTenant: tenant) == nil else { continue }
            throw .unusable("the \(who) names tenant '\(tenant.prefix(200))'; the settings have \(known)")
        }
        if let told = answer?.tenant, let shown = claims?.tenant, told != shown {
            throw .denied("the auth webhook names tenant '\(told)', and the token '\(shown)'")
        }
        if let answer, !answer.unheeded.isEmpty {
            logger.notice("auth webhook", metadata: ["stream": "\(stream)", "not done here": "\(answer.unheeded)"])
        }
        let tenant = answer?.tenant ?? claims?.tenant ?? levels.tenant(of: stream, key: request.key)
        let change = answer?.serviceLevel ?? .none
        let place = try quotas.admit(stream, of: tenant, profiles ?? answer?.profiles ?? usual)
        return PublishGrant(
            stream: stream, key: key, profiles: answer?.profiles, liveVideo: answer?.liveVideo,
            abandoned: { [quotas] in quotas.abandon(place) }
        ) { [doors, levels, changed, began, quotas] in
            doors.opened(stream, askedAs: request.stream, by: tokens)
            quotas.open(place)
            levels.opened(stream, tenant: tenant, change)
            changed(stream)
            began(stream, tenant, request)
        }
    }

    func confirm(_ request: PublishRequest) async throws(PublishRefusal) {
        _ = try await claims(of: request, by: doors.confirming(request.stream))
    }

    /// - Parameter verifiers: one of them has to find the token good; what the first has against it is told. None: no token is needed.
    private func claims(of request: PublishRequest, by verifiers: [TokenVerifier]) async throws(PublishRefusal) -> TokenClaims? {
        guard let first = verifiers.first else { return nil }
        guard let token = request.token else {
            throw .denied("a token is needed to publish: …/\(request.stream)?token=TOKEN, or Authorization: Bearer TOKEN")
        }
        var verdict = await first.verdict(on: token)
        for other in verifiers.dropFirst() {
            guard case .failure = verdict else { break }
            let second = await other.verdict(on: token)
            if case .success = second { verdict = second }
        }
        switch verdict {
        case .failure(let fault): throw .denied(fault.description)
        case .success(let claims):
            guard claims.mayPublish(request.stream.rawValue) else {
                throw .denied("the token is not for publishing stream '\(request.stream)'")
            }
            return claims
        }
    }

    func ended(_ stream: StreamID) {
        levels.ended(stream)
        quotas.ended(stream)
        doors.ended(stream)
        over(stream)
    }

    private var known: String { levels.tenantNames.isEmpty ? "none" : levels.tenantNames.joined(separator: ", ") }
}
