import HTTPTypes
package import Logging
import NIOCore
package import SluiceTypes
package import SluiceWire
import SluiceProto
import SwiftProtobuf

/// The one port of an orchestrator: gRPC, `/segment`, `/stream/…`, `/healthz` (specs/transcoding-protocol §1.1).
package struct OrchestratorEndpoint: HTTPResponder {
    /// 300 s at 8 Mbit/s, the network's limit (§8).
    package static let longestSegment = 300_000_000
    /// Discovery requests are a few hundred bytes; the largest carry model lists.
    package static let longestCall = 1 << 20
    /// How often idle sessions are looked for.
    package static let sweepInterval: Duration = .seconds(5)

    package let calls: OrchestratorCalls
    package let uploads: UploadBudget
    package let streamed: StreamedSegmentClocks
    let witness: (@Sendable (WorkStory) -> Void)?

    /// - Parameters:
    ///   - tokens: `nil` draws a new secret, so that tokens of an earlier process are void.
    ///   - witness: hears of the segments that their gateways trace.
    package init(
        service: any TranscodeService, serviceURI: String, version: String, asks: AskedPrices = AskedPrices { _ in nil },
        liveModels: @escaping @Sendable () -> [LiveVideoCapability.Model] = { [] },
        market: @escaping @Sendable () -> MarketTerms? = { nil },
        tokens: SessionTokens? = nil, sessions: JobSessions = JobSessions(), renditions: RenditionStore = RenditionStore(),
        uploads: UploadBudget = UploadBudget(), streamed: StreamedSegmentClocks = StreamedSegmentClocks(),
        clock: ServerClock = ServerClock(), witness: (@Sendable (WorkStory) -> Void)? = nil, logger: Logger
    ) throws {
        self.witness = witness
        self.streamed = streamed
        self.uploads = uploads
        self.calls = OrchestratorCalls(
            identity: OrchestratorIdentity(
                serviceURI: serviceURI, version: version, capabilities: service.capabilities,
                takesStreamedSegments: service.takesStreamedSegments, asks: asks, liveModels: liveModels, market: market),
            service: service, tokens: try tokens ?? SessionTokens(), sessions: sessions, renditions: renditions, clock: clock,
            logger: logger)
    }

    /// Ends sessions that were idle too long, until cancelled. Run it beside the server.
    package func run() async {
        while !Task.isCancelled {
            await endIdleSessions()
            do { try await Task.sleep(for: Self.sweepInterval) } catch { return }
        }
    }

    package func endIdleSessions() async {
        for session in calls.sessions.removeIdle(at: calls.clock.instant()) { await calls.end(session) }
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = String((request.head.path ?? "/").prefix { $0 != "?" })
        if request.isHTTP2, request.head.headerFields[.contentType]?.hasPrefix("application/grpc") == true {
            return try await answerCall(path, request, writer)
        }
        switch path {
        case Self.streamedSegmentPath:
            try await witnessed(request, isStreamed: true) { try await answerStreamed(request, writer) }
        case "/segment": try await witnessed(request, isStreamed: false) { try await answerSegment(request, writer) }
        case "/healthz": try await writer.send(.ok)
        case _ where path.hasPrefix("/stream/"): try await answerRendition(path, request, writer)
        default: try await writer.refuse(.notFound, "404 page not found")
        }
    }

    private func answerCall(_ path: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let answer: OrchestratorCalls.Answer
        do {
            let body = try await request.body.collect(upTo: Self.longestCall)
            answer = await calls.answer(path, body: body, host: Self.host(of: request.remoteAddress))
        } catch is HTTPBodyTooLarge {
            answer = .failure(status: 8, text: "a request of more than \(Self.longestCall) bytes")
        }
        try await writer.begin(.ok, headers: [.contentType: "application/grpc"])
        switch answer {
        case .message(let frame):
            try await writer.write(frame)
            try await writer.finish(trailers: [.grpcStatus: "0"])
        case .failure(let status, let text):
            try await writer.finish(trailers: [.grpcStatus: "\(status)", .grpcMessage: GRPCFrame.encodeStatusText(text)])
        }
    }

    private func answerRendition(_ path: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get || request.head.method == .head else {
            return try await writer.refuse(.methodNotAllowed, "Method Not Allowed")
        }
        guard let path = RenditionPath(path),
            let bytes = calls.renditions.find(session: path.session, name: path.name, file: path.file)
        else { return try await writer.refuse(.notFound, "ErrNotFound") }
        let headers: HTTPFields = [
            .contentType: path.contentType, .cacheControl: "max-age=5", .accessControlAllowOrigin: "*",
            .accessControlExposeHeaders: "Content-Length",
        ]
        try await writer.send(.ok, headers: headers, body: bytes)
    }

    /// - Returns: what the gateway was told in the place of renditions.
    private func answerSegment(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws -> String? {
        let firstByte = calls.clock.instant()
        let admitted: SegmentRequest
        do {
            admitted = try await SegmentAdmission(calls: calls).admit(
                segmentHeader: request.head.headerFields[.livepeerSegment],
                paymentHeader: request.head.headerFields[.livepeerPayment], host: Self.host(of: request.remoteAddress))
        } catch let refusal as SegmentRefusal {
            return try await refuse(refusal, request, writer)
        }
        defer { release(admitted.session) }
        var held = 0
        defer { uploads.release(held) }
        let bytes: ByteBuffer
        do {
            bytes = try await source(of: request, admitted, held: &held)
        } catch let refusal as SegmentRefusal {
            return try await refuse(refusal, request, writer)
        }
        // The gateway gives up unless these headers come early (§3.5).
        try await writer.begin(.ok)
        let result = try await SegmentWork(calls: calls).result(of: admitted, bytes: bytes, firstByte: firstByte)
        try await writer.write(ByteBuffer(bytes: try result.serializedBytes() as [UInt8]))
        try await writer.finish()
        return if case .error(let text) = result.result { text } else { nil }
    }

    /// A session that was ended while this segment ran must not keep what came out of it.
    func release(_ session: SessionID) {
        calls.sessions.finish(session, at: calls.clock.instant())
        if !calls.sessions.isAlive(session) { calls.renditions.drop(session) }
    }

    /// Steps 14 to 16. A segment given by its URL is refused: fetching what a stranger names is nothing this port does.
    ///
    /// - Parameter held: what was taken of the budget for uploads, also when this throws.
    private func source(of request: HTTPServerRequest, _ admitted: SegmentRequest, held: inout Int) async throws -> ByteBuffer {
        if request.head.headerFields[.contentType] == "application/vnd+livepeer.uri" {
            calls.logger.warning("a gateway sent a URL in place of a segment; give it no object store")
            throw SegmentRefusal(status: 400, text: "BadRequest")
        }
        // The length, where it is told, saves reading what would be thrown away.
        let length = request.head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        guard length <= Self.longestSegment else { throw SegmentRefusal(status: 500, text: "Internal Server Error") }
        guard uploads.hasRoom(for: length) else { throw full() }
        var bytes = ByteBuffer()
        var hash = Keccak256()
        for try await piece in request.body {
            guard bytes.readableBytes + piece.readableBytes <= Self.longestSegment else {
                throw SegmentRefusal(status: 500, text: "Internal Server Error")
            }
            guard uploads.take(piece.readableBytes) else { throw full() }
            held += piece.readableBytes
            hash.update(piece)
            if bytes.readableBytes == 0 { bytes = piece } else { bytes.writeImmutableBuffer(piece) }
        }
        guard hash.finalize() == admitted.hash else { throw SegmentRefusal(status: 403, text: "Forbidden") }
        return bytes
    }

    /// In the protocol's word for it, which a gateway does not hold against us.
    func full() -> SegmentRefusal {
        calls.logger.warning("no memory for another segment", metadata: ["held": "\(uploads.held)", "limit": "\(uploads.limit)"])
        return SegmentRefusal(status: 503, text: "OrchestratorBusy")
    }

    /// - Returns: what was told.
    func refuse(_ refusal: SegmentRefusal, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws -> String {
        calls.logger.info("segment refused", metadata: ["reason": "\(refusal)", "gateway": "\(request.remoteAddress)"])
        try await writer.refuse(HTTPResponse.Status(code: refusal.status), refusal.text)
        return "\(refusal.status) \(refusal.text)"
    }

    /// `1.2.3.4:5` and `[::1]:5` without their ports.
    static func host(of address: String) -> String {
        guard let colon = address.lastIndex(of: ":") else { return address }
        let front = address[..<colon]
        return front.contains(":") && !front.hasSuffix("]") ? address : String(front)
    }
}

extension HTTPResponseWriter {
    /// One line of text, with the headers the reference's errors have (§3.3).
    func refuse(_ status: HTTPResponse.Status, _ text: String) async throws {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        headers[.xContentTypeOptions] = "nosniff"
        if status == .serviceUnavailable { headers[.retryAfter] = "1" }
        try await send(status, headers: headers, body: ByteBuffer(string: text + "\n"))
    }
}
