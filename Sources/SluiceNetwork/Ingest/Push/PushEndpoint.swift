import HTTPTypes
package import Logging
package import NIOCore
package import SluiceTypes

/// Whole segments by HTTP: `POST|PUT /live/{stream}/{number}.ts|.mp4` (specs/gateway-surface §3), and
/// `DELETE /live/{stream}` to end a stream at once.
package struct PushEndpoint: HTTPResponder {
    static let prefix = "/live/"
    /// The reference's limit: five minutes at 8 Mbit/s (specs/transcoding-protocol §3.2).
    package static let largestSegment = 300_000_000
    /// Of all pushers together, while their segments come in and are worked on: 500 streams of 8 Mbit/s, two segments of 2 s each.
    package static let mostHeld = 2 << 30

    /// An IPv6 address with its scope and port is shorter.
    private static let longestAddress = 128

    private let push: any SegmentPush
    private let parseConfiguration: @Sendable (ByteBuffer) throws -> [TranscodeProfile]?
    private let largestSegment: Int
    private let uploads: UploadBudget
    private let logger: Logger

    /// - Parameter parseConfiguration: reads the JSON of `Livepeer-Transcode-Configuration`; throws with what is wrong in it.
    package init(
        push: any SegmentPush, parseConfiguration: @escaping @Sendable (ByteBuffer) throws -> [TranscodeProfile]?,
        largestSegment: Int = Self.largestSegment, uploads: UploadBudget = UploadBudget(limit: Self.mostHeld), logger: Logger
    ) {
        self.push = push
        self.parseConfiguration = parseConfiguration
        self.largestSegment = largestSegment
        self.uploads = uploads
        self.logger = logger
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let elements = URLPath.elements(request.head.path ?? "") ?? []
        switch request.head.method {
        case .post, .put: break
        case .delete:
            guard elements.count == 2, let stream = StreamID(elements[1]) else {
                return try await refuse(.badRequest, "DELETE /live/{stream} ends a stream", writer)
            }
            let wasLive: Bool
            do { wasLive = try await push.end(stream, token: ShownToken(request.head)?.text) } catch {
                return try await refuse(.forbidden, "\(error)", writer)
            }
            return try await wasLive
                ? writer.send(.noContent) : refuse(.notFound, "no pushed stream \(stream) is live", writer)
        default:
            return try await writer.send(.methodNotAllowed, headers: [.allow: "POST, PUT, DELETE"])
        }
        let first = (ContinuousClock.now, wallClockNanoseconds())
        let target: PushTarget
        let headers: PushHeaders
        do {
            target = try PushTarget(elements)
            headers = try PushHeaders(request.head.headerFields, parseConfiguration)
        } catch {
            return try await refuse(.badRequest, "\(error)", writer)
        }
        // The length, where it is told, saves reading what would be thrown away; so does the token. One that waits for a 100 sends nothing.
        if let told = request.head.headerFields[.contentLength], Int(told).map({ $0 > largestSegment }) ?? true {
            return try await refuse(.contentTooLarge, "a segment may have \(largestSegment) bytes at most", writer)
        }
        let asked = PublishRequest(
            stream: target.stream, key: nil, origin: .httpPush, remoteAddress: Self.publisherAddress(request), url: Self.url(request.head),
            query: String((request.head.path ?? "").split(separator: "?", maxSplits: 1).dropFirst().first ?? ""),
            token: ShownToken(request.head)?.text)
        do { try await push.confirm(asked) } catch {
            let failure = PushFailure.refused(error)
            logger.info("push failed", metadata: ["stream": "\(target.stream)", "segment": "\(target.sequence)", "reason": "\(failure)"])
            return try await refuse(failure.status, Self.text(failure, of: asked), writer)
        }
        var body = ByteBuffer()
        // Without tokens what strangers send is bounded, too: an auth webhook is asked with the segment.
        var held = 0
        defer { uploads.release(held) }
        do {
            for try await piece in request.body {
                guard body.readableBytes + piece.readableBytes <= largestSegment else { throw HTTPBodyTooLarge(limit: largestSegment) }
                guard uploads.take(piece.readableBytes) else {
                    logger.warning("no memory for another segment", metadata: ["held": "\(uploads.held)", "limit": "\(uploads.limit)"])
                    return try await refuse(.serviceUnavailable, "no memory for another segment at the moment", writer)
                }
                held += piece.readableBytes
                if body.readableBytes == 0 { body = piece } else { body.writeImmutableBuffer(piece) }
            }
        } catch is HTTPBodyTooLarge {
            return try await refuse(.contentTooLarge, "a segment may have \(largestSegment) bytes at most", writer)
        }
        guard body.readableBytes > 0 else {
            return try await refuse(.unprocessableContent, "the body is empty; send one whole segment", writer)
        }
        let segment = PushedSegment(
            stream: target.stream, sequence: target.sequence, container: target.container, bytes: body,
            declaredDuration: headers.duration, declaredResolution: headers.resolution, profiles: headers.profiles,
            slice: headers.slice, firstByte: first.0, firstByteWallClock: first.1,
            remoteAddress: asked.remoteAddress, url: asked.url, query: asked.query, token: asked.token)
        var answer = MultipartAnswer(sequence: target.sequence, writer: writer)
        do {
            let wantsParts = request.head.headerFields[.accept] == "multipart/mixed"
            try await push.push(segment) { if wantsParts { try await answer.send($0) } }
        } catch let failure as PushFailure {
            logger.info(
                "push failed",
                metadata: [
                    "stream": "\(target.stream)", "segment": "\(target.sequence)", "reason": "\(failure)",
                    "parts sent": "\(answer.count)",
                ])
            // With parts on their way it is too late for a status: the client finds the answer cut off.
            guard answer.count == 0 else { throw HTTPAnswerAbandoned() }
            return try await refuse(failure.status, Self.text(failure, of: asked), writer)
        }
        // No profiles, no parts: the reference's answer is empty then, without a content type.
        try await answer.count > 0 ? answer.finish() : writer.send(.ok)
    }

    /// For logs only, as anybody can send the header: its first address, which is the farthest from here.
    private static func publisherAddress(_ request: HTTPServerRequest) -> String {
        let forwarded = request.head.headerFields[.xForwardedFor]?.prefix(longestAddress).prefix { $0 != "," && $0 != " " } ?? ""
        return forwarded.isEmpty ? request.remoteAddress : String(forwarded)
    }

    /// The reference's own words where it refuses a stream (captures/gw-webhook-results.http), with the reason after them.
    private static func text(_ failure: PushFailure, of request: PublishRequest) -> String {
        switch failure {
        case .refused(.denied(let reason)), .refused(.unusable(let reason)), .refused(.overQuota(let reason)):
            "Could not create stream ID: url=\(request.url): \(reason)"
        default: failure.description
        }
    }

    /// What an auth webhook is asked about (specs/gateway-surface §4).
    private static func url(_ head: HTTPRequest) -> String {
        "http://\(head.authority ?? "")\(head.path?.prefix { $0 != "?" } ?? "")"
    }

    private func refuse(_ status: HTTPResponse.Status, _ text: String, _ writer: HTTPResponseWriter) async throws {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        if status == .serviceUnavailable { headers[.retryAfter] = "1" }
        try await writer.send(status, headers: headers, body: ByteBuffer(string: text + "\n"))
    }
}

extension PushFailure {
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .unusableMedia, .attemptsExhausted: .unprocessableContent
        case .noOrchestrator: .serviceUnavailable
        case .refused(.alreadyPublishing): .conflict
        case .refused(.denied): .forbidden
        case .refused(.overQuota): .tooManyRequests
        case .refused(.unusable): .internalServerError
        case .refused: .serviceUnavailable
        case .staleSequence: .badRequest
        }
    }
}

extension HTTPField.Name {
    /// Not among the names HTTPTypes knows; the text is a valid token.
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For").unsafelyKnown
}

extension Optional {
    /// For literals that are right by inspection.
    fileprivate var unsafelyKnown: Wrapped {
        guard let self else { preconditionFailure("a literal header name was refused") }
        return self
    }
}
