import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(1))) struct SharedCallTests {
    @Test func allGetTheOneResult() async throws {
        let gate = Gate()
        let call = SharedCall<Int> {
            await gate.wait()
            return 7
        }
        async let first = call.value()
        async let second = call.value()
        gate.open()
        #expect(try await [first, second] == [7, 7])
        #expect(try await call.value() == 7)
    }

    @Test func whoIsCancelledStopsWaitingAndTheOthersGoOn() async throws {
        let gate = Gate()
        let call = SharedCall<Int> {
            await gate.wait()
            return 7
        }
        let impatient = Task { try await call.value() }
        async let patient = call.value()
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        gate.open()
        #expect(try await patient == 7)
    }

    @Test func aFailureIsSharedToo() async {
        let call = SharedCall<Int> { throw HTTPBodyTooLarge(limit: 1) }
        await #expect(throws: HTTPBodyTooLarge.self) { try await call.value() }
        await #expect(throws: HTTPBodyTooLarge.self) { try await call.value() }
    }

    @Test func theCallEndsWhenNobodyHoldsIt() async {
        let ended = Gate()
        var call: SharedCall<Int>? = SharedCall {
            await Gate().wait()
            ended.open()
            return 0
        }
        _ = call
        call = nil
        await ended.wait()
    }
}
