import HTTPTypes
import NIOCore
import SluiceTypes
import Testing

@testable import SluiceNetwork

/// One stream `s` with one rendition `source`: segments 0 and 1 are gone, 2 to 4 are there.
private struct Shelf: DeliverySource {
    func multivariantPlaylist(of stream: StreamID) -> Delivery<ByteBuffer> {
        stream.rawValue == "s" ? .found(ByteBuffer(string: "master")) : .unknown
    }

    func mediaPlaylist(of stream: StreamID, rendition: String) -> Delivery<ByteBuffer> {
        stream.rawValue == "s" && rendition == "source 1" ? .found(ByteBuffer(string: "media")) : .unknown
    }

    func segment(of stream: StreamID, rendition: String, number: Int64, container: SegmentContainer) -> Delivery<ByteBuffer> {
        guard stream.rawValue == "s", container == .mpegTS else { return .unknown }
        return switch number {
        case 0, 1: .gone
        case 2...4: .found(ByteBuffer(string: "0123456789"))
        default: .unknown
        }
    }
}

@Suite struct DeliveryEndpointTests {
    private let endpoint = DeliveryEndpoint(source: Shelf())

    @Test(arguments: [("/stream/s.m3u8", "master"), ("/stream/s/source%201.m3u8", "media"), ("/stream/s.m3u8?t=1", "master")])
    func playlists(_ path: String, _ text: String) async throws {
        let answer = try await RecordedAnswer.of(endpoint, .get, path)
        #expect(answer.status == .ok)
        #expect(answer.text == text)
        #expect(answer.headers[.contentType] == "application/vnd.apple.mpegurl")
        #expect(answer.headers[.accessControlAllowOrigin] == "*")
        #expect(answer.headers[.cacheControl] == "max-age=1")
    }

    @Test func segmentsAreTransportStreams() async throws {
        let answer = try await RecordedAnswer.of(endpoint, .get, "/stream/s/source/3.ts")
        #expect(answer.status == .ok)
        #expect(answer.text == "0123456789")
        #expect(answer.headers[.contentType] == "video/mp2t")
    }

    @Test(arguments: [
        ("/stream/s/source/1.ts", HTTPResponse.Status.gone), ("/stream/s/source/9.ts", .notFound), ("/stream/s/source/3.mp4", .notFound),
        ("/stream/x.m3u8", .notFound), ("/stream/s.txt", .notFound), ("/stream/../s.m3u8", .notFound),
        ("/stream/s/%2e%2e/3.ts", .notFound), ("/stream/s%2fsource/3.ts", .notFound), ("/stream/s/source/+3.ts", .notFound),
        ("/stream/s/source/-1.ts", .notFound), ("/stream/s/source/99999999999999999999.ts", .notFound), ("/stream/s/%+3/3.ts", .notFound),
        ("/stream/s/%ff/3.ts", .notFound), ("/stream/s/source/.ts", .notFound), ("/stream//source/3.ts", .notFound),
    ])
    func absences(_ path: String, _ status: HTTPResponse.Status) async throws {
        let answer = try await RecordedAnswer.of(endpoint, .get, path)
        #expect(answer.status == status)
        #expect(answer.headers[.accessControlAllowOrigin] == "*")
    }

    @Test(arguments: [
        ("bytes=0-3", HTTPResponse.Status.partialContent, "0123", "bytes 0-3/10"), ("bytes=8-", .partialContent, "89", "bytes 8-9/10"),
        ("bytes=-3", .partialContent, "789", "bytes 7-9/10"), ("bytes=-30", .partialContent, "0123456789", "bytes 0-9/10"),
        ("bytes=4-9223372036854775807", .partialContent, "456789", "bytes 4-9/10"),
        ("bytes=10-", .rangeNotSatisfiable, "", "bytes */10"), ("bytes=-0", .rangeNotSatisfiable, "", "bytes */10"),
    ])
    func ranges(_ range: String, _ status: HTTPResponse.Status, _ text: String, _ contentRange: String) async throws {
        let answer = try await RecordedAnswer.of(endpoint, .get, "/stream/s/source/2.ts", headers: [.range: range])
        #expect(answer.status == status)
        #expect(answer.text == text)
        #expect(answer.headers[.contentRange] == contentRange)
    }

    @Test(arguments: ["bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=x-y", "bytes=", "bytes=--5"])
    func otherRangesGiveTheWhole(_ range: String) async throws {
        let answer = try await RecordedAnswer.of(endpoint, .get, "/stream/s/source/2.ts", headers: [.range: range])
        #expect(answer.status == .ok)
        #expect(answer.body.readableBytes == 10)
    }

    @Test func methods() async throws {
        let head = try await RecordedAnswer.of(endpoint, .head, "/stream/s/source/2.ts", headers: [.range: "bytes=0-1"])
        #expect(head.status == .ok && head.body.readableBytes == 0 && head.headers[.contentLength] == "10")
        let options = try await RecordedAnswer.of(endpoint, .options, "/stream/s.m3u8")
        #expect(options.status == .noContent && options.headers[.accessControlAllowMethods] == "GET, HEAD, OPTIONS")
        let post = try await RecordedAnswer.of(endpoint, .post, "/stream/s.m3u8")
        #expect(post.status == .methodNotAllowed && post.headers[.allow] == "GET, HEAD, OPTIONS")
    }
}
