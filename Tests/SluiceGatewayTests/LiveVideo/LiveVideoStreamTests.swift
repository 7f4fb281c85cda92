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
        async let updated: WorkerAnswer? = stream.update(#"{"a":1}"#)
        for await message in messages {
            #expect(message.text == #"{"a":1}"#)
            message.done(.success(nil))
            break
        }
        #expect(try await updated == nil)
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

    /// Of several workers the one that works for viewers is answered for.
    @Test func theAnswerIsThatOfTheWorkerOnAir() async throws {
        let stream = try stream()
        let workers = [stream.messages(for: 1), stream.messages(for: 2)]
        stream.note(line: 2)
        async let updated: WorkerAnswer? = stream.update("{}")
        for (place, messages) in workers.enumerated() {
            for await message in messages {
                message.done(.success(WorkerAnswer(status: 200 + place)))
                break
            }
        }
        #expect(try await updated?.status == 201)
    }
}
