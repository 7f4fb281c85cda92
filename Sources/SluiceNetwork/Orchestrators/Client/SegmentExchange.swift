import Foundation
import HTTPTypes
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf

/// One segment at one orchestrator: submit, early 200, result, and the renditions in parallel (specs/transcoding-protocol §3).
struct SegmentExchange: Sendable {
    /// A result is a few hundred bytes a rendition and the orchestrator's own record.
    private static let largestResult = 1 << 20
    private static let largestRefusal = 64 << 10
    private static let largestRendition = 300_000_000
    /// The reference's own floor: anything smaller is no segment (§8).
    private static let smallestRendition = 25

    let job: SegmentJob
    let known: KnownOrchestrator
    let pool: HTTPClientPool
    let clocks: LivepeerTransport.Clocks
    var trace: TraceContext?
    let event: @Sendable (SegmentEvent) -> Void

    func run() async throws {
        let stream = job.segment.stream
        do {
            try await run(in: try await known.begin(stream))
        } catch let refusal as TokenRefused {
            // Its process may have started anew, and with it its secret: once more with a token of today.
            do { try await run(in: try await known.begin(stream, insteadOf: refusal.session)) } catch let refusal as TokenRefused {
                known.drop(refusal.session, of: stream)
                throw refusal.failure
            }
        }
        event(.finished)
    }

    private func run(in session: KnownOrchestrator.Session) async throws {
        // Until the renditions are here: an orchestrator drops them with their session.
        defer { known.finish(session) }
        let result: Net_TranscodeResult
        do {
            result = try await submit(session)
        } catch let failure as SegmentFailure where failure.reason == .sessionRefused {
            throw TokenRefused(session: session, failure: failure)
        }
        if result.hasInfo { known.learn(result.info, from: session, of: job.segment.stream) }
        event(.transcoded)
        try await fetch(try renditions(of: result))
    }

    private func submit(_ session: KnownOrchestrator.Session) async throws -> Net_TranscodeResult {
        guard let target = RemoteURL(session.transcoder + "/segment") else {
            throw SegmentFailure(.protocolViolation, "\(known.id) names '\(session.transcoder)' as its service, which is no URI")
        }
        let hash = job.segment.hash ?? Keccak256.hash(job.segment.bytes)
        let credentials = SegmentCredentials.message(
            for: job, hash: hash, token: session.token, capabilities: JobCapabilities.of(job, isPushed: false))
        var head = HTTPRequest(
            method: .post, scheme: target.authority.isSecure ? "https" : "http", authority: target.authority.name,
            path: target.path,
            headerFields: [
                .livepeerSegment: try SegmentCredentials.encode(credentials), .livepeerPayment: "",
                // The reference sends this for MP4 too (§3.1).
                .contentType: "video/MP2T", .contentLength: String(job.segment.bytes.readableBytes),
            ])
        if let trace { head.headerFields[.traceparent] = trace.description }
        let (accepted, signal) = AsyncStream.makeStream(of: Void.self)
        let headerLimit = max(clocks.header, job.segment.duration / 2)
        let body = job.segment.bytes
        let event = event
        let sent = head
        return try await within(max(clocks.call, job.segment.duration * 4), of: "segment call") {
            try await withThrowingTaskGroup(of: Net_TranscodeResult?.self) { group in
                group.addTask {
                    // Ends when the head came, or throws when the upload's clock runs out first.
                    try await within(headerLimit, of: "early answer") { for await _ in accepted {} }
                    return nil
                }
                group.addTask {
                    try await exchange(with: target.authority, sent, body: body) { response, body in
                        signal.finish()
                        guard response.status == .ok else {
                            let text = String(buffer: try await body.collect(upTo: Self.largestRefusal))
                            throw TranscodeFailureText.failure(text, isRefusal: true)
                        }
                        event(.accepted)
                        let bytes = try await body.collect(upTo: Self.largestResult)
                        do {
                            return try Net_TranscodeResult(serializedBytes: Array(bytes.readableBytesView))
                        } catch {
                            throw SegmentFailure(.protocolViolation, "the result is no TranscodeResult: \(error)")
                        }
                    }
                }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw SegmentFailure(.protocolViolation, "no result")
            }
        }
    }

    /// Checked: as many as profiles, each with a URL that can be fetched (§3.7, §10).
    private func renditions(of result: Net_TranscodeResult) throws -> [(url: RemoteURL, facts: RenditionFacts)] {
        switch result.result {
        case .error(let text): throw TranscodeFailureText.failure(text)
        case nil: throw SegmentFailure(.protocolViolation, "the result is neither data nor an error")
        case .data(let data):
            guard data.segments.count == job.profiles.count else {
                throw SegmentFailure(
                    .protocolViolation, "\(data.segments.count) renditions for \(job.profiles.count) profiles")
            }
            return try data.segments.map { segment in
                guard let url = RemoteURL(segment.url) else {
                    throw SegmentFailure(.protocolViolation, "rendition URL '\(segment.url)' is no http(s) URL")
                }
                return (url, RenditionFacts(pixels: segment.pixels))
            }
        }
    }

    /// Each is handed on as soon as it is whole; none waits for another.
    private func fetch(_ renditions: [(url: RemoteURL, facts: RenditionFacts)]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, rendition) in renditions.enumerated() {
                group.addTask {
                    let bytes = try await within(clocks.download, of: "download of rendition \(index)") {
                        try await download(rendition.url)
                    }
                    event(.renditionBytes(rendition: index, bytes))
                    event(.renditionComplete(rendition: index, facts: rendition.facts))
                }
            }
            try await group.waitForAll()
        }
    }

    private func download(_ url: RemoteURL) async throws -> ByteBuffer {
        let head = HTTPRequest(
            method: .get, scheme: url.authority.isSecure ? "https" : "http", authority: url.authority.name, path: url.path)
        return try await exchange(with: url.authority, head) { response, body in
            guard response.status == .ok else {
                throw SegmentFailure(.protocolViolation, "GET \(url.path): status \(response.status.code)")
            }
            let bytes = try await body.collect(upTo: Self.largestRendition)
            guard bytes.readableBytes >= Self.smallestRendition else {
                throw SegmentFailure(.protocolViolation, "GET \(url.path): \(bytes.readableBytes) bytes are no segment")
            }
            return bytes
        }
    }

    private func exchange<Result: Sendable>(
        with authority: HTTPAuthority, _ head: HTTPRequest, body: ByteBuffer? = nil,
        _ use: @escaping @Sendable (HTTPResponse, HTTPClientBody) async throws -> Result
    ) async throws -> Result {
        authority == known.connection.authority
            ? try await known.connection.exchange(head, body: body, use)
            : try await pool.exchange(with: authority, head, body: body, use)
    }
}
