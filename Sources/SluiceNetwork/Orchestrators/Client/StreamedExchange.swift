import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

/// One segment at one orchestrator that takes it while it is being cut: up go its bytes as they come, back come the renditions' as they
/// are made, all in one exchange (docs/Streaming-segments.md).
struct StreamedExchange: Sendable {
    private static let largestRefusal = 64 << 10

    let job: StreamedJob
    let known: KnownOrchestrator
    let pool: HTTPClientPool
    let clocks: LivepeerTransport.Clocks
    var trace: TraceContext?
    let event: @Sendable (SegmentEvent) -> Void

    func run() async throws {
        do {
            try await run(in: try await known.begin(job.stream))
        } catch let refusal as TokenRefused {
            // As for a whole segment; the feed gives its bytes from the first again.
            do { try await run(in: try await known.begin(job.stream, insteadOf: refusal.session)) } catch let refusal as TokenRefused {
                known.drop(refusal.session, of: job.stream)
                throw refusal.failure
            }
        }
        event(.finished)
    }

    private func run(in session: KnownOrchestrator.Session) async throws {
        defer { known.finish(session) }
        let (accepted, signal) = AsyncStream.makeStream(of: Void.self)
        let headerLimit = clocks.header
        let endLimit = max(clocks.call, job.expectedDuration * 4)
        let feed = job.feed
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await within(headerLimit, of: "early answer") { for await _ in accepted {} }
                    return false
                }
                group.addTask {
                    // An abandoned feed ends the exchange; one that is whole starts the last clock.
                    _ = try await feed.ended()
                    try await Task.sleep(for: endLimit)
                    throw SegmentFailure(.timedOut, "streamed segment: no end within \(endLimit) of its last byte")
                }
                group.addTask {
                    try await exchange(session) { signal.finish() }
                    return true
                }
                defer { group.cancelAll() }
                while let isDone = try await group.next() {
                    if isDone { return }
                }
            }
        } catch let failure as SegmentFailure where failure.reason == .sessionRefused {
            throw TokenRefused(session: session, failure: failure)
        }
    }

    private func exchange(_ session: KnownOrchestrator.Session, _ onHead: @escaping @Sendable () -> Void) async throws {
        guard let target = RemoteURL(session.transcoder + "/sluice/segment") else {
            throw SegmentFailure(.protocolViolation, "\(known.id) names '\(session.transcoder)' as its service, which is no URI")
        }
        let announced = job.announcement
        let credentials = SegmentCredentials.message(
            for: announced, hash: [], token: session.token, capabilities: JobCapabilities.of(announced, isPushed: false))
        var head = HTTPRequest(
            method: .post, scheme: target.authority.isSecure ? "https" : "http", authority: target.authority.name,
            path: target.path,
            headerFields: [
                .livepeerSegment: try SegmentCredentials.encode(credentials), .livepeerPayment: "", .contentType: "video/MP2T",
                .trailer: "Livepeer-Segment-Hash",
            ])
        if let trace { head.headerFields[.traceparent] = trace.description }
        if let text = StreamedSegmentKeyFrames.text(of: job.keyFrameAfter) { head.headerFields[.sluiceKeyFrameAfter] = text }
        let upload: @Sendable (HTTPClientUpload) async throws -> Void = { [feed = job.feed] upload in
            for try await piece in feed.pieces() { try await upload.write(piece) }
            upload.setTrailers([.livepeerSegmentHash: StreamedSegmentTrailer.text(of: try await feed.ended())])
        }
        let use: @Sendable (HTTPResponse, HTTPClientBody) async throws -> Void = { response, body in
            onHead()
            try await take(response, body)
        }
        if target.authority == known.connection.authority {
            try await known.connection.exchange(head, upload: upload, use)
        } else {
            try await pool.exchange(with: target.authority, head, upload: upload, use)
        }
    }

    private func take(_ response: HTTPResponse, _ body: HTTPClientBody) async throws {
        guard response.status == .ok else {
            let text = String(buffer: try await body.collect(upTo: Self.largestRefusal))
            throw TranscodeFailureText.failure(text, isRefusal: true)
        }
        event(.accepted)
        var reader = StreamedSegmentReader(renditions: job.profiles.count)
        while let bytes = try await body.next() {
            for told in try reader.read(bytes) {
                // Said once the exchange has ended as well.
                if case .finished = told { continue }
                event(told)
            }
        }
        try reader.end()
    }
}

/// The one failure that a new session mends.
struct TokenRefused: Error {
    let session: KnownOrchestrator.Session
    let failure: SegmentFailure
}

extension StreamedJob {
    /// The segment as far as it can be described before it is there.
    fileprivate var announcement: SegmentJob {
        let now = ContinuousClock.now
        let segment = Segment(
            stream: stream, sequence: sequence, container: container, bytes: ByteBuffer(), start: .zero, duration: expectedDuration,
            startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 0, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
        return SegmentJob(segment: segment, profiles: profiles)
    }
}
