package import SluiceRouting
package import SluiceTypes
import Synchronization

/// The runners of all orchestrators behind one lock, with the clock that the choice needs.
package final class AppStage: AppDirectory {
    private let router: Mutex<RunnerRouter>
    /// By orchestrator, the apps that it has single-shot runners of: asked for with every look at the list of orchestrators.
    private let singleShots = Mutex<[OrchestratorID: Set<String>]>([:])
    private let start = ContinuousClock.now

    package init(settings: RoutingSettings = .init(), seed: UInt64 = .random(in: 0 ... .max)) {
        router = Mutex(RunnerRouter(settings: settings, seed: seed))
    }

    private var now: Moment {
        let passed = start.duration(to: .now).components
        return Moment(nanoseconds: passed.seconds * 1_000_000_000 + passed.attoseconds / 1_000_000_000)
    }

    package func update(_ runners: [RemoteRunner], of orchestrator: OrchestratorID) {
        router.withLock { $0.update(runners, of: orchestrator) }
        let apps = Set(runners.filter { $0.mode == .singleShot }.map(\.app))
        singleShots.withLock { $0[orchestrator] = apps.isEmpty ? nil : apps }
    }

    package func singleShotApps(of orchestrator: OrchestratorID) -> Set<String> { singleShots.withLock { $0[orchestrator] ?? [] } }

    package var runners: [RemoteRunner] { router.withLock { $0.runners } }
    package var measures: [RemoteRunnerID: AppMeasure] {
        let now = now
        return router.withLock { $0.measures(at: now) }
    }
    package func knows(_ app: String) -> Bool { router.withLock { $0.knows(app) } }

    /// The last decisions of an app, oldest first, each with how long ago it was.
    package func decisions(of app: String) -> [(decision: RunnerDecision, ago: Double)] {
        let now = now
        return router.withLock { $0.decisions(of: app) }.map { ($0, now.seconds(since: $0.decided)) }
    }

    package func choose(_ wish: AppWish, avoiding tried: Set<RemoteRunnerID>) throws(AppLack) -> RemoteRunner {
        let now = now
        return try router.withLock { router -> Result<RemoteRunner, AppLack> in
            do throws(AppLack) { return .success(try router.choose(wish, avoiding: tried, at: now)) } catch { return .failure(error) }
        }.get()
    }

    package func began(_ runner: RemoteRunnerID) { router.withLock { $0.began(runner) } }

    package func ended(_ runner: RemoteRunnerID, _ outcome: AppOutcome) {
        let now = now
        router.withLock { $0.ended(runner, outcome, at: now) }
    }
}
