import Logging
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceOrchestrator

@Suite(.timeLimit(.minutes(1))) struct RunnerBookTests {
    private final class Heard: Sendable {
        let runners = Mutex<Set<RunnerID>>([])
    }

    /// Whoever changes something may count on it that all ears have heard of it, whoever told them.
    @Test func aChangeReturnsWhenItWasTold() async throws {
        let names = Mutex(0)
        let heard = Heard()
        let book = RunnerBook(
            newName: { _ in
                names.withLock { names in
                    names += 1
                    return "\(names)"
                }
            }, registry: MetricRegistry(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        book.watch(
            { event in
                guard case .joined(let runner) = event else { return }
                // Telling takes a moment, in which others change something, too.
                for _ in 0..<2000 { heard.runners.withLock { _ = $0.count } }
                heard.runners.withLock { _ = $0.insert(runner) }
            }, isBusy: { _ in false })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let facts = RunnerFacts(url: "http://h:\(number)", app: "dyn", capacity: 1)
                    let made = try book.heartbeat(RunnerHeartbeat(id: nil, facts: facts, isReady: true), isNew: true)
                    #expect(heard.runners.withLock { $0.contains(made.id) })
                }
            }
            try await group.waitForAll()
        }
        #expect(heard.runners.withLock { $0.count } == 64)
    }
}
