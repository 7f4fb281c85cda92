import SluiceTypes
import Synchronization
import Testing

@testable import SluiceNetwork

/// What sessions come to is told once, begun seconds whole, however they end.
@Suite struct AppSessionUseTests {
    private final class Told: Sendable {
        let uses = Mutex<[AppUse]>([])
        var seconds: Int64 { uses.withLock { $0.reduce(0) { $0 + $1.seconds } } }
        var jobs: Int64 { uses.withLock { $0.reduce(0) { $0 + $1.jobs } } }
    }

    private static let runner = RemoteRunner(
        path: "/r", orchestrator: OrchestratorID("https://one:8935"), app: "echo", mode: .persistent, capacity: 1, available: 1)

    private func session(_ name: String) -> AppSession {
        AppSession(id: SessionID(name), app: "echo", runner: Self.runner, appPath: "/a", controlPath: "/c", key: "")
    }

    @Test func aSessionIsToldWhileItLastsAndAtItsEnd() {
        let told = Told()
        let sessions = AppSessions(lease: .seconds(60)) { use in told.uses.withLock { $0.append(use) } }
        let began = ContinuousClock.now
        sessions.add(session("s"), isOwn: true)
        #expect(told.jobs == 1 && told.seconds == 0, "a reservation is a job")
        sessions.tellUse(at: began + .milliseconds(29_500))
        sessions.tellUse(at: began + .milliseconds(29_600))
        #expect(told.seconds == 30)
        // What was told already is not told again at the end.
        _ = sessions.remove(SessionID("s"), why: "stopped")
        #expect(told.seconds == 30)
        sessions.tellUse(at: began + .seconds(90))
        #expect(told.seconds == 30 && told.uses.withLock { $0.allSatisfy { $0.runner == Self.runner } })
    }

    @Test func oneForASingleRequestEndsWithIt() {
        let told = Told()
        let sessions = AppSessions(lease: .seconds(60)) { use in told.uses.withLock { $0.append(use) } }
        sessions.add(session("s"), isOwn: false)
        let place = sessions.newPlace()
        sessions.begin(SessionID("s"), place) { _ in }
        #expect(sessions.end(SessionID("s"), place) != nil)
        #expect(told.seconds == 1 && told.jobs == 1)
    }
}
