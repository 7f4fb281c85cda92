import Foundation
import HTTPTypes
import SluiceGateway
import SluiceRouting
import SluiceTypes

/// `POST /api/v1/whatif {"stream": NAME, "sla": {…}}`: what a service level would do, before it is promised; without a stream for all.
struct WhatIfAPI: Sendable {
    private static let example = #"{"stream": "NAME", "sla": {"latency": "50%"}}"#

    let desk: Desk

    func answer(_ request: APIRequest) async throws -> APIAnswer {
        guard request.method == .post else { throw APIProblem.wrongMethod(request, right: [.post]) }
        try request.visitor.require(.read, for: "asking what would be")
        let object = try await request.object(like: Self.example, keys: ["stream", "sla"])
        var stream: StreamID?
        if let name = try object.text("stream", like: "the name of a live stream") {
            guard let id = StreamID(name), desk.table.isLive(id) else {
                throw APIProblem(.notFound, "not-found", "no stream '\(name)' is live", at: "body, key stream", right: "a live one")
            }
            stream = id
        }
        guard let part = object["sla"] as? [String: Any] else {
            throw APIProblem(.badRequest, "no-level", "there is no sla to try", at: "body, key sla", right: Self.example)
        }
        let present = stream.map { desk.levels.level(of: $0) } ?? desk.levels.node
        let proposed: ServiceLevel
        do { proposed = try ServiceLevelChange(part).applied(to: present) } catch let error as SettingsError {
            throw APIProblem(.badRequest, "wrong-level", error.description, at: "body, key sla", right: Self.example)
        }
        let status = desk.table.status(route: desk.route)
        let what = WhatIf(
            reports: desk.route.picture.map(OrchestratorReport.init), streams: status.streams.filter { stream?.rawValue ?? $0.id == $0.id },
            routing: desk.table.settings.routing)
        let answer = await what.compare(present, proposed)
        return APIAnswer(json: WhatIf.Answer(check: ServiceLevelAnswer.Check(desk.route.check(proposed, of: stream)), outcome: answer))
    }
}
