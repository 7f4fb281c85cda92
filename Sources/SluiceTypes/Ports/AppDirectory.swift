/// The runners of all orchestrators of a gateway, and the choice among them. Implementation: `AppStage`.
package protocol AppDirectory: Sendable {
    /// All that one orchestrator has at the moment; whom it no longer names is gone.
    func update(_ runners: [RemoteRunner], of orchestrator: OrchestratorID)

    var runners: [RemoteRunner] { get }
    /// Of those that are there.
    var measures: [RemoteRunnerID: AppMeasure] { get }
    /// Whether somebody serves it, or did so lately.
    func knows(_ app: String) -> Bool

    /// - Parameter tried: not these.
    func choose(_ wish: AppWish, avoiding tried: Set<RemoteRunnerID>) throws(AppLack) -> RemoteRunner

    /// It is given a request; `ended` must follow.
    func began(_ runner: RemoteRunnerID)
    func ended(_ runner: RemoteRunnerID, _ outcome: AppOutcome)
}
