import HTTPTypes

/// `/api/v1/config`: every setting with what holds, where that comes from, and whether a change of it waits for the next start.
struct ConfigAPI: Sendable {
    struct Answer: Encodable, Sendable {
        var file: String?
        /// Milliseconds since 1970.
        var loadedAt: Int64
        /// Why the newest version of the file was not taken; `nil` when it was.
        var problem: String?
        /// Changed in the file since the start, and waiting for the next one.
        var waitingForRestart: [String]
        var settings: [EffectiveSetting]
    }

    let desk: Desk
    let reload: SettingsReload?

    func answer(_ request: APIRequest) async throws -> APIAnswer {
        try request.visitor.require(.read, for: "looking at the settings")
        guard let reload else { throw APIProblem.notFound("this gateway was started without settings that could be shown") }
        switch request.path.dropFirst() {
        case []:
            guard request.isLook else { throw APIProblem.wrongMethod(request, right: [.get]) }
            let state = reload.state
            return APIAnswer(
                json: Answer(
                    file: state.file, loadedAt: state.loadedAt, problem: state.problem, waitingForRestart: state.waitingForRestart,
                    settings: state.settings), tag: EntityTag(of: state.settings))
        case ["reload"]:
            guard request.method == .post else { throw APIProblem.wrongMethod(request, right: [.post]) }
            try request.visitor.require(.admin, for: "reading the settings again")
            do {
                return APIAnswer(json: try await reload.reload(by: request.visitor, if: request.ifMatch))
            } catch let error as SettingsError {
                throw APIProblem(
                    .unprocessableContent, "settings", "nothing was changed: \(error.description)", at: reload.state.file,
                    right: "correct the file; it is read again as soon as it is written")
            }
        default: throw AdminAPI.nowhere(request.head.path ?? "/")
        }
    }
}
