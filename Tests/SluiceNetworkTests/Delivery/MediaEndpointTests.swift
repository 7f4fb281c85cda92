import HTTPTypes
import Logging
import NIOCore
import SluiceTypes
import Testing

@testable import SluiceNetwork

@Suite struct MediaEndpointTests {
    private struct Nothing: DeliverySource, SegmentPush {
        func multivariantPlaylist(of stream: StreamID) -> Delivery<ByteBuffer> { .gone }
        func mediaPlaylist(of stream: StreamID, rendition: String) -> Delivery<ByteBuffer> { .gone }
        func segment(
            of stream: StreamID, rendition: String, number: Int64, container: SegmentContainer
        ) -> Delivery<ByteBuffer> { .gone }
        func push(_ segment: PushedSegment, rendition: (PushedRendition) async throws -> Void) async throws {
            throw PushFailure.noOrchestrator
        }
        func end(_ stream: StreamID) async -> Bool { false }
    }

    private let endpoint = MediaEndpoint(
        push: PushEndpoint(push: Nothing(), parseConfiguration: { _ in nil }, logger: Logger(label: "test")),
        delivery: DeliveryEndpoint(source: Nothing()))

    @Test(arguments: [
        (HTTPRequest.Method.get, "/healthz", HTTPResponse.Status.ok), (.head, "/healthz?probe=1", .ok), (.get, "/stream/s.m3u8", .gone),
        (.get, "/live/s/1.ts", .methodNotAllowed), (.post, "/live/s/1.ts", .serviceUnavailable), (.get, "/", .notFound),
        (.get, "/streams/s.m3u8", .notFound), (.get, "/stream", .notFound),
    ])
    func routes(_ method: HTTPRequest.Method, _ path: String, _ status: HTTPResponse.Status) async throws {
        let answer = try await RecordedAnswer.of(endpoint, method, path, body: [ByteBuffer(string: "media")])
        #expect(answer.status == status)
    }
}
