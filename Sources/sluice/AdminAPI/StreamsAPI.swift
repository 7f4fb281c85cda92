import HTTPTypes
import SluiceGateway
import SluiceRouting
import SluiceTypes

/// `/api/v1/streams`: who is live, one stream with its last segments and their decisions, and its end.
struct StreamsAPI: Sendable {
    struct List: Codable, Sendable {
        var streams: [StreamReport]
    }

    struct Detail: Encodable, Sendable {
        var stream: StreamReport
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
            return APIAnswer(
                json: Detail(
                    stream: StreamReport(summary, desk.board.row(stream)), segments: desk.table.segments(of: stream) ?? [],
                    decisions: desk.route.decisions(of: stream).map(DecisionReport.init),
                    sla: ServiceLevelAnswer(level, desk.route.check(level, of: stream))),
                tag: ServiceLevelAPI.tag(level))
        case .delete:
            try request.visitor.require(.operate, for: "stopping a stream")
            guard desk.table.stop(stream) else {
                throw APIProblem(.conflict, "not-live", "stream '\(stream)' has ended already", at: "path", right: "a stream that is live")
            }
            desk.ordered("stopped stream \(stream)", by: request.visitor, stream: stream.rawValue)
            return APIAnswer(status: .accepted, headers: [.cacheControl: "no-store"])
        default: throw APIProblem.wrongMethod(request, right: [.get, .delete])
        }
    }
}
