import HTTPTypes
import Logging
import NIOCore
import SluiceTypes
import SluiceWire

/// Times of a streamed segment on the orchestrator's side.
package struct StreamedSegmentClocks: Sendable {
    /// Neither a byte of the segment came nor a byte of a rendition left: a publisher that stalls for longer has lost its viewers.
    package var silence: Duration = .seconds(8)
    /// The whole exchange, and four times the announced duration where that is more: as the reference's (specs/transcoding-protocol §8).
    package var whole: Duration = .seconds(60)
    /// For the last words to one who may not read any more.
    package var farewell: Duration = .seconds(1)

    package init() {}
}

/// `POST /sluice/segment` (docs/Streaming-segments.md): the segment comes in as it is cut, and its renditions go out as they are made.
extension OrchestratorEndpoint {
    static let streamedSegmentPath = "/sluice/segment"

    /// - Returns: what the gateway was told in the place of renditions.
    func answerStreamed(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws -> String? {
        guard calls.service.takesStreamedSegments else {
            try await writer.refuse(.notFound, "404 page not found")
            return "streamed segments are not taken"
        }
        guard request.isHTTP2, request.head.method == .post else {
            try await writer.refuse(.badRequest, "a streamed segment is a POST by HTTP/2")
            return "no POST by HTTP/2"
        }
        let admitted: SegmentRequest
        do {
            admitted = try await SegmentAdmission(calls: calls).admit(
                segmentHeader: request.head.headerFields[.livepeerSegment],
                paymentHeader: request.head.headerFields[.livepeerPayment], host: Self.host(of: request.remoteAddress))
        } catch let refusal as SegmentRefusal {
            return try await refuse(refusal, request, writer)
        }
        defer { release(admitted.session) }
        var keyFrameAfter: [Int64?] = []
        if let text = request.head.headerFields[.sluiceKeyFrameAfter] {
            guard let times = StreamedSegmentKeyFrames.times(from: text, renditions: admitted.profiles.count) else {
                try await writer.refuse(.badRequest, "Sluice-Key-Frame-After has a time or a dash for each profile")
                return "Sluice-Key-Frame-After cannot be read"
            }
            keyFrameAfter = times
        }
        try await writer.begin(.ok)
        do {
            try await work(admitted, keyFrameAfter, request.body, writer)
            try await writer.finish()
            return nil
        } catch let failure as SegmentFailure {
            try Task.checkCancellation()
            calls.logger.info(
                "streamed segment failed",
                metadata: [
                    "stream": "\(admitted.stream)", "segment": "\(admitted.sequence)", "session": "\(admitted.session)",
                    "reason": "\(failure)",
                ])
            do {
                try await within(streamed.farewell, of: "farewell") {
                    try await writer.write(StreamedSegmentFrame.failure(failure))
                    try await writer.finish()
                }
            } catch {
                throw HTTPAnswerAbandoned()
            }
            return failure.description
        }
    }

    private func work(
        _ admitted: SegmentRequest, _ keyFrameAfter: [Int64?], _ body: HTTPServerBody, _ writer: HTTPResponseWriter
    ) async throws {
        if let objection = admitted.objection { throw SegmentFailure(.mediaUnusable, objection) }
        let feed = SegmentFeed(limit: Self.longestSegment)
        let job = StreamedJob(
            stream: admitted.stream, sequence: admitted.sequence, profiles: admitted.profiles, feed: feed,
            expectedDuration: admitted.duration, keyFrameAfter: keyFrameAfter)
        // The feed keeps what came until the work is done, and the budget with it.
        defer { uploads.release(feed.size) }
        let watch = ProgressWatch(silence: streamed.silence, whole: max(streamed.whole, admitted.duration * 4))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await take(body, into: feed, watch)
                return false
            }
            group.addTask {
                try await give(job, in: admitted.session, writer, watch)
                return true
            }
            group.addTask {
                try await watch.untilLate()
                throw SegmentFailure(.timedOut, "nothing moved any more")
            }
            defer {
                group.cancelAll()
                feed.abandon()
            }
            while let isDone = try await group.next() {
                if isDone { return }
            }
        }
    }

    private func take(_ body: HTTPServerBody, into feed: SegmentFeed, _ watch: ProgressWatch) async throws {
        var hash = Keccak256()
        for try await piece in body {
            watch.moved()
            guard uploads.take(piece.readableBytes) else { throw SegmentFailure(.busy, full().text) }
            hash.update(piece)
            guard feed.append(piece) else {
                uploads.release(piece.readableBytes)
                throw SegmentFailure(.refused, "a segment of more than \(feed.limit) bytes")
            }
        }
        watch.moved()
        let found = hash.finalize()
        guard let text = body.trailers?[.livepeerSegmentHash] else {
            throw SegmentFailure(.protocolViolation, "the segment's hash did not follow it")
        }
        guard StreamedSegmentTrailer.hash(from: text) == found else {
            throw SegmentFailure(.protocolViolation, "the segment has not the hash it should")
        }
        feed.finish(hash: found)
    }

    private func give(
        _ job: StreamedJob, in session: SessionID, _ writer: HTTPResponseWriter, _ watch: ProgressWatch
    ) async throws {
        var frames = StreamedSegmentWriter(renditions: job.profiles.count)
        for try await event in calls.service.transcode(job, in: session) {
            guard let frame = frames.frames(for: event) else { continue }
            try await writer.write(frame)
            watch.moved()
        }
        try Task.checkCancellation()
    }
}
