import HTTPTypes
import SluiceGateway
import SluiceRouting
import SluiceTypes

/// `/api/v1/streams`: who is live, one stream with its last segments and their decisions, other renditions for it, and its end.
struct StreamsAPI: Sendable {
    struct List: Codable, Sendable {
        var streams: [StreamReport]
    }

    struct Changed: Encodable, Sendable {
        var profiles: [ProfileReport]
    }

    struct Detail: Encodable, Sendable {
        var stream: StreamReport
        /// What is asked for of its next segment; `nil` once it has ended.
        var profiles: [ProfileReport]?
        /// Newest last; when each passed its stages.
        var segments: [SegmentStatus]
        var decisions: [DecisionReport]
        var sla: ServiceLevelAnswer
    }

    let desk: Desk

    func answer(_ request: APIRequest) async throws -> APIAnswer {
        try request.visitor.require(.read, for: "looking at streams")
        guard request.path.count > 1 else {
            guard request.isLook else { throw APIProblem.wrongMethod(request, right: [.get]) }
            return APIAnswer(json: List(streams: desk.streams))
        }
        let name = request.path[1]
        guard let stream = StreamID(name), let summary = desk.table.summary(of: stream) else {
            throw APIProblem.notFound(
                "there is no stream '\(name.prefix(130))', live or ended lately", right: "GET /api/v1/streams lists them")
        }
        if request.path.count == 3, request.path[2] == "sla" {
            return try await ServiceLevelAPI(desk: desk).answer(request, .stream(stream))
        }
        guard request.path.count == 2 else { throw AdminAPI.nowhere(request.head.path ?? "/") }
        switch request.method {
        case .get, .head:
            let level = desk.levels.level(of: stream)
            let profiles = desk.table.profiles(of: stream)
            return APIAnswer(
                json: Detail(
                    stream: StreamReport(summary, desk.board.row(stream)), profiles: profiles?.map(ProfileReport.init),
                    segments: desk.table.segments(of: stream) ?? [], decisions: desk.route.decisions(of: stream).map(DecisionReport.init),
                    sla: ServiceLevelAnswer(level, desk.route.check(level, of: stream))),
                tag: Self.tag(profiles ?? []))
        case .patch: return try await change(stream, request)
        case .delete:
            try request.visitor.require(.operate, for: "stopping a stream")
            guard desk.table.stop(stream) else { throw Self.notLive(stream) }
            desk.ordered("stopped stream \(stream)", by: request.visitor, stream: stream.rawValue)
            return APIAnswer(status: .accepted, headers: [.cacheControl: "no-store"])
        default: throw APIProblem.wrongMethod(request, right: [.get, .patch, .delete])
        }
    }

    /// Of what a `PATCH` changes: the renditions that are asked for, every part of them.
    private static func tag(_ profiles: [TranscodeProfile]) -> EntityTag { EntityTag(of: profiles.map { "\($0)" }) }

    private func change(_ stream: StreamID, _ request: APIRequest) async throws -> APIAnswer {
        try request.visitor.require(.operate, for: "changing a stream's renditions")
        let body = try LadderChangeBody(try await request.object(like: LadderChangeBody.example))
        guard let present = desk.table.profiles(of: stream) else { throw Self.notLive(stream) }
        let profiles = try body.applied(to: present)
        guard Self.tag(present).satisfies(request.ifMatch) else {
            throw APIProblem.changedMeanwhile("what stream '\(stream)' has of renditions")
        }
        if let problem = desk.quotas.change(stream, to: profiles) {
            throw APIProblem(.tooManyRequests, "quota", problem, at: "body", right: "fewer, or smaller ones")
        }
        // Whoever was quicker since: their change stands.
        let change = desk.table.change(stream, to: profiles) { $0 == present }
        if change != .taken { desk.quotas.correct(stream, to: desk.table.profiles(of: stream) ?? []) }
        switch change {
        case .taken: break
        case .notLive: throw Self.notLive(stream)
        case .changedMeanwhile: throw APIProblem.changedMeanwhile("what stream '\(stream)' has of renditions")
        case .tooManyNames(let most):
            throw APIProblem(
                .conflict, "too-many-names", "stream '\(stream)' would have had renditions of more than \(most) names since it began",
                at: "body",
                right: "names that it has had")
        }
        let words = profiles.isEmpty ? "none" : profiles.map(\.name).joined(separator: ", ")
        desk.ordered("changed the renditions of stream \(stream) to \(words)", by: request.visitor, stream: stream.rawValue)
        return APIAnswer(json: Changed(profiles: profiles.map(ProfileReport.init)), tag: Self.tag(profiles))
    }

    private static func notLive(_ stream: StreamID) -> APIProblem {
        APIProblem(.conflict, "not-live", "stream '\(stream)' has ended already", at: "path", right: "a stream that is live")
    }
}
