import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOHTTPTypes
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceNetwork

/// Takes every segment and answers what it was told to.
private final class Intake: SegmentPush {
    private let answer: Result<[PushedRendition], PushFailure>
    private let taken = Mutex<[PushedSegment]>([])

    /// Needed of all who push; `nil`: nobody is asked for one.
    private let token: String?

    init(_ answer: Result<[PushedRendition], PushFailure> = .success([]), token: String? = nil) {
        self.answer = answer
        self.token = token
    }

    func confirm(_ request: PublishRequest) async throws(PublishRefusal) {
        guard token == nil || request.token == token else { throw .denied("a token is needed to publish") }
    }

    var segments: [PushedSegment] { taken.withLock { $0 } }

    func push(_ segment: PushedSegment, rendition: (PushedRendition) async throws -> Void) async throws {
        taken.withLock { $0.append(segment) }
        for one in try answer.get() { try await rendition(one) }
    }

    func end(_ stream: StreamID) async -> Bool { stream.rawValue == "live" }
}

@Suite struct PushEndpointTests {
    private static let media = [ByteBuffer(string: "seg"), ByteBuffer(string: "ment")]

    private struct BadJSON: Error {}

    private func answer(
        _ intake: Intake, _ method: HTTPRequest.Method = .post, _ path: String = "/live/s/7.ts", headers: [String: String] = [:],
        body: [ByteBuffer] = media
    ) async throws -> RecordedAnswer {
        let endpoint = PushEndpoint(
            push: intake,
            parseConfiguration: { json in
                guard String(buffer: json).hasPrefix("{\"") else { throw BadJSON() }
                return []
            }, largestSegment: 16, logger: Logger(label: "test"))
        var fields: HTTPFields = [:]
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        return try await RecordedAnswer.of(endpoint, method, path, headers: fields, body: body)
    }

    @Test func aSegmentArrivesWhole() async throws {
        let intake = Intake()
        let answer = try await answer(
            intake, .put, "/live/s/7.mp4",
            headers: [
                "Content-Duration": "1980", "Content-Resolution": "1920x1080", "X-Forwarded-For": "203.0.113.9, 10.0.0.1",
                "Livepeer-Transcode-Configuration": "{\"profiles\":[]}", "Accept": "multipart/mixed",
            ])
        // No profiles: 200 with nothing in it, even where parts were asked for (specs/gateway-surface §3.3).
        #expect(answer.status == .ok && answer.text.isEmpty && answer.headers[.contentType] == nil)
        let segment = try #require(intake.segments.first)
        #expect(segment.stream.rawValue == "s" && segment.sequence.rawValue == 7 && segment.container == .mp4)
        #expect(String(buffer: segment.bytes) == "segment")
        #expect(segment.declaredDuration == .milliseconds(1980))
        #expect(segment.declaredResolution?.width == 1920 && segment.declaredResolution?.height == 1080)
        #expect(segment.profiles == [])
        #expect(segment.slice == nil)
        #expect(segment.remoteAddress == "203.0.113.9")
    }

    @Test(
        arguments: [
            ("500", "1500", 500, 1500), ("500", nil, 500, 0), (nil, "1500", 0, 1500), ("1500", "1500", 1500, 1500), ("-1", "7", 0, 7),
            ("99999999999999999999", "7", 0, 7), ("9999999", nil, 300_000, 0),
        ] as [(String?, String?, Int, Int)])
    func aSliceIsReadAsTheReferenceReadsIt(_ from: String?, _ to: String?, _ start: Int, _ end: Int) async throws {
        let intake = Intake()
        var headers: [String: String] = [:]
        headers["Content-Slice-From"] = from
        headers["Content-Slice-To"] = to
        #expect(try await answer(intake, headers: headers).status == .ok)
        let slice = try #require(intake.segments.first?.slice)
        #expect(slice.fromMilliseconds == start && slice.toMilliseconds == end)
    }

    /// Neither a body of 300 MB nor the 100 that somebody waits for.
    @Test(arguments: [nil, "wrong"]) func theTokenIsAskedForBeforeTheBodyIsRead(token: String?) async throws {
        let endpoint = PushEndpoint(push: Intake(token: "right"), parseConfiguration: { _ in nil }, logger: Logger(label: "test"))
        let reads = Mutex(0)
        let answered = Mutex<[HTTPResponsePart]>([])
        func push(_ token: String?) async throws -> HTTPResponse.Status? {
            var fields: HTTPFields = [.contentLength: "7", .expect: "100-continue"]
            if let token { fields[.authorization] = "Bearer \(token)" }
            let request = HTTPServerRequest(
                head: HTTPRequest(method: .post, scheme: "http", authority: "gateway", path: "/live/s/0.ts", headerFields: fields),
                body: HTTPServerBody {
                    reads.withLock { reads in
                        reads += 1
                        return reads == 1 ? ByteBuffer(string: "segment") : nil
                    }
                }, remoteAddress: "192.0.2.1", isHTTP2: false)
            try await endpoint.respond(to: request, with: HTTPResponseWriter(isHead: false) { more in answered.withLock { $0 += more } })
            return answered.withLock { parts in
                defer { parts = [] }
                if case .head(let head) = parts.first { return head.status }
                return nil
            }
        }
        #expect(try await push(token) == .forbidden)
        #expect(reads.withLock { $0 } == 0)
        #expect(try await push("right") == .ok)
        #expect(reads.withLock { $0 } == 2)
    }

    @Test func unreadableHeadersAreLeftOut() async throws {
        let intake = Intake()
        _ = try await answer(intake, headers: ["Content-Duration": "two", "Content-Resolution": "wide"])
        let segment = try #require(intake.segments.first)
        #expect(segment.declaredDuration == nil && segment.declaredResolution == nil && segment.profiles == nil)
        #expect(segment.remoteAddress == "192.0.2.1")
    }

    @Test(arguments: [("/live/5.ts", "5", Int64(5)), ("/live/s/x.ts", "s", 0), ("/live/s/+5.ts", "s", 0), ("/live/s/12.ts?k=v", "s", 12)])
    func names(_ path: String, _ stream: String, _ sequence: Int64) async throws {
        let intake = Intake()
        #expect(try await answer(intake, .post, path).status == .ok)
        #expect(intake.segments.first?.stream.rawValue == stream)
        #expect(intake.segments.first?.sequence.rawValue == sequence)
    }

    @Test(arguments: [
        "/live/s/5.mkv", "/live/s/index.m3u8", "/live/../5.ts", "/live/%2e%2e/5.ts", "/live/..%2fs/5.ts", "/live/", "/live/s",
        "/live//5.ts", "/live/a/b/5.ts", "/live/s%20t/5.ts",
    ])
    func badNamesAre400(_ path: String) async throws {
        let intake = Intake()
        #expect(try await answer(intake, .post, path).status == .badRequest)
        #expect(intake.segments.isEmpty)
    }

    @Test(arguments: [
        ["Content-Slice-From": "1500", "Content-Slice-To": "500"], ["Livepeer-Transcode-Configuration": "{nope"],
        ["Content-Duration": "300001"],
    ])
    func badHeadersAre400(_ headers: [String: String]) async throws {
        #expect(try await answer(Intake(), headers: headers).status == .badRequest)
    }

    @Test func bodyLimits() async throws {
        let intake = Intake()
        let big = [ByteBuffer(repeating: 1, count: 10), ByteBuffer(repeating: 1, count: 10)]
        #expect(try await answer(intake, body: big).status == .contentTooLarge)
        #expect(try await answer(intake, headers: ["Content-Length": "17"]).status == .contentTooLarge)
        #expect(try await answer(intake, body: []).status == .unprocessableContent)
        #expect(intake.segments.isEmpty)
        #expect(try await answer(intake, body: [ByteBuffer(repeating: 1, count: 16)]).status == .ok)
    }

    @Test func methods() async throws {
        let get = try await answer(Intake(), .get)
        #expect(get.status == .methodNotAllowed && get.headers[.allow] == "POST, PUT, DELETE")
        #expect(try await answer(Intake(), .delete, "/live/live").status == .noContent)
        #expect(try await answer(Intake(), .delete, "/live/other").status == .notFound)
        #expect(try await answer(Intake(), .delete, "/live/s/5.ts").status == .badRequest)
    }

    @Test func failuresHaveTheReferencesStatuses() async throws {
        let stream = try #require(StreamID("s"))
        let expected: [(PushFailure, HTTPResponse.Status)] = [
            (.unusableMedia("no video"), .unprocessableContent), (.attemptsExhausted("three"), .unprocessableContent),
            (.noOrchestrator, .serviceUnavailable), (.refused(.alreadyPublishing(stream)), .conflict),
            (.refused(.tooManyStreams(limit: 1)), .serviceUnavailable),
            (.staleSequence(SegmentSequence(1), newest: SegmentSequence(2)), .badRequest),
        ]
        for (failure, status) in expected {
            let answer = try await answer(Intake(.failure(failure)))
            #expect(answer.status == status)
            #expect(answer.text == "\(failure)\n")
            #expect((answer.headers[.retryAfter] != nil) == (status == .serviceUnavailable))
        }
    }

    @Test func renditionsAreFramedAsTheReferenceFramesThem() async throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fixtures/playlists/reference-answer.multipart")
        let reference = try String(contentsOf: path, encoding: .utf8)
        let renditions = [("P240p30fps16x9", 192_700), ("P360p30fps16x9", 340_844)].map { name, size in
            PushedRendition(
                profile: TranscodeProfile(name: name, width: 2, height: 2, bitrate: 1),
                bytes: ByteBuffer(repeating: UInt8(ascii: "m"), count: size))
        }
        let answer = try await answer(Intake(.success(renditions)), .post, "/live/s/0.ts", headers: ["Accept": "multipart/mixed"])
        let type = try #require(answer.headers[.contentType])
        let boundary = try #require(type.wholeMatch(of: /multipart\/mixed; boundary=([0-9a-f]{20})/)).1
        let framed = answer.text.replacing(String(repeating: "m", count: 340_844), with: "<340844 bytes>")
            .replacing(String(repeating: "m", count: 192_700), with: "<192700 bytes>")
        #expect(framed.replacing(boundary, with: "8d3fe651a1250a8df5c1") == reference.replacing("\n", with: "\r\n"))
        #expect(try await self.answer(Intake(.success(renditions))).text.isEmpty)
    }

    @Test func aProfileNameCannotAddAHeader() async throws {
        let profile = TranscodeProfile(name: "a\"\r\nX: 1", width: 2, height: 2, bitrate: 1)
        let renditions = [PushedRendition(profile: profile, bytes: ByteBuffer(string: "m"))]
        let text = try await answer(Intake(.success(renditions)), headers: ["Accept": "multipart/mixed"]).text
        #expect(text.contains("\r\nRendition-Name: a___X: 1\r\n\r\nm\r\n"))
    }
}
