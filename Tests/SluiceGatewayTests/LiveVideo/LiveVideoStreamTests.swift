import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite(.timeLimit(.minutes(1))) struct LiveVideoStreamTests {
    private func stream() throws -> LiveVideoStream {
        LiveVideoStream(
            source: try #require(StreamID("cam")), output: try #require(StreamID("cam-out")),
            request: LiveVideoRequest(order: LiveVideoOrder(model: "noop"), request: "r"))
    }

    @Test func withoutAWorkerAnUpdateIsKeptForTheNext() async throws {
        let stream = try stream()
        try await stream.update(#"{"a":1}"#)
        #expect(stream.current.order.parameters == #"{"a":1}"#)
    }

    @Test func anUpdateIsAnsweredWhenItIsDelivered() async throws {
        let stream = try stream()
        let messages = stream.messages(for: 1)
        async let updated: Void = stream.update(#"{"a":1}"#)
        for await message in messages {
            #expect(message.text == #"{"a":1}"#)
            message.done(nil)
            break
        }
        try await updated
    }

    /// A worker that goes while an update waits leaves nobody waiting.
    @Test func whatWasNotDeliveredIsSaid() async throws {
        let stream = try stream()
        let messages = stream.messages(for: 1)
        let update = Task { try await stream.update(#"{"a":1}"#) }
        for await _ in messages { break }
        stream.endMessages(for: 1)
        await #expect(throws: SegmentFailure.self) { try await update.value }
        #expect(stream.current.order.parameters == #"{"a":1}"#)
    }
}
