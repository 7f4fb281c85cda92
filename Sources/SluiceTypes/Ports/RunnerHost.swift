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

    /// Waits for its end, or for the task's cancellation.
    ///
    /// - Parameter told: why it cannot be known at the moment how it is, in words; `nil` once it can be again.
    func exit(of place: RunnerPlace, told: @escaping @Sendable (String?) -> Void) async -> RunnerExit

    /// Asks it to end (`SIGTERM`), or ends it (`SIGKILL`). One that is gone already is none of its business.
    func end(_ place: RunnerPlace, atOnce: Bool) async

    /// Whatever is left of it.
    func remove(_ place: RunnerPlace) async
}
