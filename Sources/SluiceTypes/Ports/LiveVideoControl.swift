/// What people and applications may do with a gateway's live video.
package protocol LiveVideoControl: Sendable {
    /// - Parameter name: of the source, or what its publisher named the session (`streamId`).
    func liveVideo(_ name: String) -> LiveVideoStatus?

    /// Whether somebody may change or end the work on a stream: whoever may publish it.
    ///
    /// - Parameter token: what was shown.
    /// - Throws: never for a stream that is not there.
    func confirm(liveVideo name: String, token: String?) async throws(PublishRefusal)

    /// Changes the parameters of the model; the worker's orchestrator has them when this returns.
    ///
    /// - Parameter parameters: a JSON object.
    /// - Returns: `false` when there is no such stream.
    /// - Throws: why the worker did not get them; the next one will.
    func update(liveVideo name: String, parameters: String) async throws -> Bool

    /// Ends the work of the model; the source goes on.
    ///
    /// - Returns: `false` when there is no such stream.
    func stop(liveVideo name: String) -> Bool
}
