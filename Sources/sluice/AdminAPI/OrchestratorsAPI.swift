import Foundation
import HTTPTypes
import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes

/// `/api/v1/orchestrators`: who is in the list and how each does; added, removed, drained, blocked, classed.
///
/// What is changed here holds until the next start; the settings file has what is to stay.
struct OrchestratorsAPI: Sendable {
    struct List: Encodable, Sendable {
        var orchestrators: [Detail]
    }

    struct Detail: Encodable, Sendable {
        var orchestrator: OrchestratorLine
        /// `settings`, or `api` for one that was added since the start.
        var origin: String
        /// Everything that routing knows; `nil` for one that it was never told of.
        var statistics: OrchestratorReport?

        func encode(to encoder: any Encoder) throws {
            try orchestrator.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(origin, forKey: .origin)
            try container.encodeIfPresent(statistics, forKey: .statistics)
        }

        private enum Key: String, CodingKey { case origin, statistics }
    }

    /// What operators can change, which is what an ETag is of.
    private struct Changeable: Encodable {
        var standing: OrchestratorRoster.Standing
        var gpuClass: String?
        var address: String
        var gpu: String?
        var region: String?
        var operatorName: String?

        init(_ entry: OrchestratorRoster.Entry) {
            standing = entry.standing
            gpuClass = entry.gpuClass
            address = entry.listed.address
            gpu = entry.listed.gpu
            region = entry.listed.region
            operatorName = entry.listed.operatorName
        }
    }

    private static let example = #"{"address": "orchestrator.example.com:8935", "region": "eu"}"#
    private static let changeExample = #"{"standing": "draining"} or {"gpuClass": "datacenter-encode"}"#

    let desk: Desk

    func answer(_ request: APIRequest) async throws -> APIAnswer {
        try request.visitor.require(.read, for: "looking at orchestrators")
        switch request.path.count {
        case 1:
            switch request.method {
            case .get, .head: return APIAnswer(json: List(orchestrators: details()))
            case .post: return try await add(request)
            default: throw APIProblem.wrongMethod(request, right: [.get, .post])
            }
        case 2:
            let id = try known(request.path[1])
            switch request.method {
            case .get, .head: return try show(id)
            case .patch: return try await change(id, request)
            case .delete: return try remove(id, request)
            default: throw APIProblem.wrongMethod(request, right: [.get, .patch, .delete])
            }
        default: throw AdminAPI.nowhere(request.head.path ?? "/")
        }
    }

    private func details() -> [Detail] {
        let reports = Dictionary(desk.route.picture.map { ($0.entry.id.rawValue, OrchestratorReport($0)) }) { first, _ in first }
        let origins = desk.roster.byID
        return desk.orchestrators.map { line in
            Detail(
                orchestrator: line, origin: origins[OrchestratorID(line.id)]?.isFromSettings ?? true ? "settings" : "api",
                statistics: reports[line.id])
        }
    }

    private func show(_ id: OrchestratorID, status: HTTPResponse.Status = .ok) throws -> APIAnswer {
        guard let entry = desk.roster.entry(id), let detail = details().first(where: { $0.orchestrator.id == id.rawValue }) else {
            throw unknown(id.rawValue)
        }
        return APIAnswer(json: detail, status: status, tag: EntityTag(of: Changeable(entry)))
    }

    /// - Parameter text: an address in any of its forms, or `embedded`.
    private func known(_ text: String) throws(APIProblem) -> OrchestratorID {
        let id =
            text == OrchestratorID.embedded.rawValue ? .embedded : (try? OrchestratorAddress(text)).map { OrchestratorID($0.description) }
        guard let id, desk.roster.entry(id) != nil else { throw unknown(text) }
        return id
    }

    private func unknown(_ text: String) -> APIProblem {
        .notFound("there is no orchestrator '\(text.prefix(200))'", right: "host:port of one that GET /api/v1/orchestrators lists")
    }

    private func add(_ request: APIRequest) async throws -> APIAnswer {
        try request.visitor.require(.admin, for: "adding an orchestrator")
        let object = try await request.object(like: Self.example, keys: ["address", "gpu", "region", "operator"])
        guard let address = try object.text("address", like: Self.example) else {
            throw APIProblem(.badRequest, "no-address", "there is no address", at: "body, key address", right: Self.example)
        }
        var listed = ListedOrchestrator(address: address)
        listed.gpu = try object.text("gpu", like: "NVIDIA L4")
        listed.region = try object.text("region", like: "eu")
        listed.operatorName = try object.text("operator", like: "a name")
        let entry: OrchestratorRoster.Entry
        do { entry = try desk.roster.add(listed) } catch let malformed as OrchestratorAddress.Malformed {
            throw APIProblem(.badRequest, "wrong-address", "\(malformed)", at: "body, key address", right: Self.example)
        } catch OrchestratorRoster.Refusal.alreadyListed {
            throw APIProblem(.conflict, "listed", "'\(address)' is in the list already", at: "body, key address", right: "PATCH changes it")
        } catch OrchestratorRoster.Refusal.full(let most) {
            throw APIProblem(.conflict, "full", "the list has \(most) orchestrators, which is all it takes", at: "body", right: "fewer")
        }
        desk.ordered("added orchestrator \(entry.id)", by: request.visitor, orchestrator: entry.id.rawValue)
        var answer = try show(entry.id, status: .created)
        answer.headers[.location] =
            "\(AdminAPI.prefix)/orchestrators/\(entry.id.rawValue.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        return answer
    }

    private func change(_ id: OrchestratorID, _ request: APIRequest) async throws -> APIAnswer {
        let object = try await request.object(like: Self.changeExample, keys: ["standing", "gpuClass"])
        var standing: OrchestratorRoster.Standing?
        if let text = try object.text("standing", like: "draining") {
            try request.visitor.require(.operate, for: "draining and blocking")
            guard let known = OrchestratorRoster.Standing(rawValue: text) else {
                throw APIProblem(
                    .badRequest, "wrong-standing", "there is no standing '\(text)'", at: "body, key standing",
                    right: OrchestratorRoster.Standing.allCases.map(\.rawValue).joined(separator: ", "))
            }
            standing = known
        }
        let setsClass = object.keys.contains("gpuClass")
        let gpuClass = try object.text("gpuClass", like: "datacenter-encode, or null for what is told or found out")
        if setsClass {
            try request.visitor.require(.admin, for: "setting a GPU class")
            guard gpuClass?.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) ?? true else {
                throw APIProblem(
                    .badRequest, "wrong-class", "'\(gpuClass ?? "")' is no name of a class", at: "body, key gpuClass",
                    right: "letters, digits and '-', like datacenter-encode")
            }
        }
        guard standing != nil || setsClass else {
            throw APIProblem(.badRequest, "nothing", "nothing is to change", at: "body", right: Self.changeExample)
        }
        do {
            _ = try desk.roster.change(id, if: { EntityTag(of: Changeable($0)).satisfies(request.ifMatch) }) { entry in
                if let standing { entry.standing = standing }
                if setsClass { entry.gpuClass = gpuClass }
            }
        } catch let refusal as OrchestratorRoster.Refusal { throw problem(refusal, id) }
        let words = [
            standing.map { "set \(id) to \($0.rawValue)" },
            setsClass ? "set the GPU class of \(id) to \(gpuClass ?? "what is told or found out")" : nil,
        ]
        desk.ordered(words.compactMap(\.self).joined(separator: ", "), by: request.visitor, orchestrator: id.rawValue)
        return try show(id)
    }

    private func remove(_ id: OrchestratorID, _ request: APIRequest) throws -> APIAnswer {
        try request.visitor.require(.admin, for: "removing an orchestrator")
        do { try desk.roster.remove(id, if: { EntityTag(of: Changeable($0)).satisfies(request.ifMatch) }) } catch let refusal
            as OrchestratorRoster.Refusal
        { throw problem(refusal, id) }
        desk.ordered("removed orchestrator \(id)", by: request.visitor, orchestrator: id.rawValue)
        return .nothing
    }

    private func problem(_ refusal: OrchestratorRoster.Refusal, _ id: OrchestratorID) -> APIProblem {
        switch refusal {
        case .changedMeanwhile: .changedMeanwhile("orchestrator \(id)")
        case .isEmbedded:
            APIProblem(
                .conflict, "embedded", "the embedded orchestrator is part of this gateway", at: "path",
                right: #"PATCH {"standing": "draining"}, or a list of others in the settings"#)
        case .unknown, .alreadyListed, .full: unknown(id.rawValue)
        }
    }
}
