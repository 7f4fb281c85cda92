import SluiceMedia
import Testing

@Suite struct MediaExecutorTests {
    private struct Refused: Error {}

    @Test func givesBackWhatTheBodyGives() async throws {
        let executor = MediaExecutor(width: 2)
        #expect(try await executor.run { 7 } == 7)
        await #expect(throws: Refused.self) { try await executor.run { throw Refused() } }
        executor.shutdown()
        await #expect(throws: CancellationError.self) { try await executor.run { 7 } }
    }

    @Test func carriesTasks() async {
        let executor = MediaExecutor(width: 1)
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 1...20 { group.addTask(executorPreference: executor) { number } }
            return await group.reduce(0, +)
        }
        #expect(sum == 210)
        executor.shutdown()
    }

    @Test func workInHandOutlivesShutdown() async {
        let executor = MediaExecutor(width: 1)
        let order = await withCheckedContinuation { continuation in
            executor.submit {
                executor.shutdown()
                executor.submit { continuation.resume(returning: 2) }
            }
        }
        #expect(order == 2)
    }
}
