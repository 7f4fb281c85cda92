import Foundation
import HTTPTypes
import SluiceGateway
import SluiceRouting
import SluiceTypes

/// `…/sla`: what is promised to the node, a tenant or a stream; the same values as `/routing/sla`, with ETags.
struct ServiceLevelAPI: Sendable {
    let desk: Desk

    static func tag(_ level: ServiceLevel) -> EntityTag { EntityTag(of: ServiceLevelReport(level)) }

    func answer(_ request: APIRequest, _ subject: ServiceLevels.Subject) async throws -> APIAnswer {
        try request.visitor.require(.read, for: "looking at service levels")
        if request.isLook { return try show(subject) }
        guard request.method == .patch else { throw APIProblem.wrongMethod(request, right: [.get, .patch]) }
        try request.visitor.require(.operate, for: "changing a service level")
        let change: ServiceLevelChange
        do { change = try ServiceLevelChange(json: try await request.bytes()) } catch let error as SettingsError {
            throw APIProblem(
                .badRequest, "wrong-level", error.description, at: "body", right: #"{"latency": "50%", "maxPricePerPixelWei": 900}"#)
        }
        switch desk.levels.change(subject, change, if: { Self.tag($0).satisfies(request.ifMatch) }) {
        case nil: throw gone(subject)
        case false?: throw APIProblem.changedMeanwhile("the service level of \(words(subject))")
        case true?: break
        }
        desk.route.renewServiceLevels(node: desk.levels.node)
        let changed = change.values.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.isEmpty ? "any" : $0.value)" }
        var stream: String?
        if case .stream(let id) = subject { stream = id.rawValue }
        desk.ordered(
            "changed what is promised to \(words(subject)): \(changed.joined(separator: ", "))", by: request.visitor, stream: stream)
        return try show(subject)
    }

    private func show(_ subject: ServiceLevels.Subject) throws -> APIAnswer {
        // A stream that lingers has the node's by now.
        var level = desk.levels.level(of: subject)
        var stream: StreamID?
        if case .stream(let id) = subject {
            stream = id
            level = level ?? desk.levels.node
        }
        guard let level else { throw gone(subject) }
        return APIAnswer(json: ServiceLevelAnswer(level, desk.route.check(level, of: stream)), tag: Self.tag(level))
    }

    private func words(_ subject: ServiceLevels.Subject) -> String {
        switch subject {
        case .node: "the node"
        case .tenant(let name): "tenant \(name)"
        case .stream(let id): "stream \(id)"
        }
    }

    private func gone(_ subject: ServiceLevels.Subject) -> APIProblem { .notFound("\(words(subject)) is not here (any more)") }
}
