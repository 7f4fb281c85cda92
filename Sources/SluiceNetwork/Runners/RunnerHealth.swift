import HTTPTypes
import Logging
import NIOCore
package import SluiceTypes

/// Asks the runners that an operator registered whether they are well (specs/byoc §12.1).
package struct RunnerHealth: Sendable {
    /// Of an answer's body, which says nothing.
    private static let longestAnswer = 1 << 20
    private static let mostAtOnce = 32

    private let desk: RunnerDesk

    package init(_ desk: RunnerDesk) { self.desk = desk }

    func run() async {
        while (try? await Task.sleep(for: desk.settings.healthInterval)) != nil { await checkAll() }
    }

    package func checkAll() async { await check(desk.service.standings) }

    /// Returns when all have answered, or failed to.
    package func check(_ standings: [RunnerStanding]) async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for one in standings {
                guard let health = one.health, !health.isKept else { continue }
                if running == Self.mostAtOnce {
                    await group.next()
                    running -= 1
                }
                group.addTask { desk.service.checked(one.id, isWell: await isWell(health)) }
                running += 1
            }
        }
    }

    package func isWell(_ check: RunnerHealthCheck) async -> Bool {
        guard let address = try? WebAddress(check.url) else { return false }
        do {
            let fetcher = try HTTPFetcher(address.authority, group: desk.group)
            let answer: HTTPFetched
            do {
                answer = try await fetcher.get(address.path, limit: Self.longestAnswer, timeout: desk.settings.healthTime)
            } catch {
                await fetcher.close()
                throw error
            }
            await fetcher.close()
            return answer.status == check.healthyStatus
        } catch {
            desk.logger.debug("health check failed", metadata: ["url": "\(check.url)", "error": "\(error)"])
            return false
        }
    }
}
