/// What runs runners of ours: processes, or a container engine. Implementations: `ProcessHost`, `ContainerHost`.
package protocol RunnerHost: Sendable {
    /// Gets rid of what an orchestrator of the same name left behind, but for what `launch` of these orders may take over.
    ///
    /// - Returns: how many were removed.
    func clear(keeping orders: [RunnerOrder]) async throws(RunnerFault) -> Int

    /// What has to be there first: an image. A long time.
    ///
    /// - Parameter told: how far it is, in words.
    func prepare(_ order: RunnerOrder, told: @escaping @Sendable (String) -> Void) async throws(RunnerFault)

    /// Starts it, or takes over the very same one that is running already.
    func launch(_ order: RunnerOrder, log: RunnerLog) async throws(RunnerFault) -> RunnerPlace

    /// What it writes goes to the log, until it ends.
    func follow(_ place: RunnerPlace, log: RunnerLog) async

    /// Waits for its end.
    func exit(of place: RunnerPlace) async -> RunnerExit

    /// Asks it to end (`SIGTERM`), or ends it (`SIGKILL`). One that is gone already is none of its business.
    func end(_ place: RunnerPlace, atOnce: Bool) async

    /// Whatever is left of it.
    func remove(_ place: RunnerPlace) async
}
