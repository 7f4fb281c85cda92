import Logging
package import NIOCore
package import SluiceProto
import SluiceTypes
package import SluiceWire

/// What happens to a segment after its 200: the transcode, and the result that tells of it (specs/transcoding-protocol §3.6-3.8).
package struct SegmentWork: Sendable {
    /// Anything shorter is no rendition (§8).
    package static let shortestRendition = 25

    package let calls: OrchestratorCalls

    package init(calls: OrchestratorCalls) { self.calls = calls }

    /// - Throws: only when cancelled; failures are part of the result.
    package func result(
        of request: SegmentRequest, bytes: ByteBuffer, firstByte: ContinuousClock.Instant
    ) async throws -> Net_TranscodeResult {
        var result = Net_TranscodeResult()
        result.seq = request.sequence.rawValue
        result.info = calls.identity.message(token: request.token)
        do {
            if let objection = request.objection { throw SegmentFailure(.mediaUnusable, objection) }
            result.data = try await renditions(of: request, bytes: bytes, firstByte: firstByte)
        } catch let failure as SegmentFailure {
            try Task.checkCancellation()
            result.error = request.objection ?? TranscodeFailureText.text(for: failure)
            calls.logger.info(
                "segment failed",
                metadata: [
                    "stream": "\(request.stream)", "segment": "\(request.sequence)", "session": "\(request.session)",
                    "reason": "\(failure)",
                ])
        }
        return result
    }

    private func renditions(
        of request: SegmentRequest, bytes: ByteBuffer, firstByte: ContinuousClock.Instant
    ) async throws -> Net_TranscodeData {
        var pieces = [ByteBuffer](repeating: ByteBuffer(), count: request.profiles.count)
        var facts = [RenditionFacts?](repeating: nil, count: request.profiles.count)
        var hasFinished = request.profiles.isEmpty
        if !hasFinished {
            let job = SegmentJob(
                segment: segment(of: request, bytes: bytes, firstByte: firstByte), profiles: request.profiles, slice: request.slice)
            for try await event in calls.service.transcode(job, in: request.session) {
                switch event {
                case .accepted, .transcoded: break
                case .renditionBytes(let index, let piece):
                    if pieces.indices.contains(index) { pieces[index].writeImmutableBuffer(piece) }
                case .renditionComplete(let index, let told):
                    if facts.indices.contains(index) { facts[index] = told }
                case .finished: hasFinished = true
                }
            }
        }
        try Task.checkCancellation()
        let complete = facts.compactMap { $0 }
        // More or fewer entries than profiles would break a reference gateway (§10).
        guard hasFinished, complete.count == request.profiles.count else {
            throw SegmentFailure(.transcodeFailed, "MismatchedSegments")
        }
        guard pieces.allSatisfy({ $0.readableBytes >= Self.shortestRendition }) else {
            throw SegmentFailure(.transcodeFailed, "ZeroSegments")
        }
        return store(pieces, complete, of: request)
    }

    private func store(_ pieces: [ByteBuffer], _ facts: [RenditionFacts], of request: SegmentRequest) -> Net_TranscodeData {
        var data = Net_TranscodeData()
        for (index, profile) in request.profiles.enumerated() {
            let path = RenditionPath(session: request.session, profile: profile, sequence: request.sequence)
            calls.renditions.put(pieces[index], session: path.session, name: path.name, file: path.file)
            var entry = Net_TranscodedSegmentData()
            entry.url = calls.identity.url(of: path)
            entry.pixels = facts[index].pixels
            data.segments.append(entry)
        }
        return data
    }

    private func segment(of request: SegmentRequest, bytes: ByteBuffer, firstByte: ContinuousClock.Instant) -> Segment {
        let now = calls.clock.instant()
        let wallClock = wallClockNanoseconds()
        return Segment(
            stream: request.stream, sequence: request.sequence, container: Self.container(of: bytes), bytes: bytes,
            start: .zero, duration: request.duration, startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 0,
            hash: request.hash,
            timeline: SegmentTimeline(
                firstByteWallClock: wallClock, lastByteWallClock: wallClock, firstByte: firstByte, cut: now))
    }

    /// The content type says nothing: the reference sends `video/MP2T` with MP4 too (§3.1).
    static func container(of bytes: ByteBuffer) -> SegmentContainer {
        let boxes: Set<String> = ["ftyp", "styp", "moov", "moof", "sidx"]
        let name = bytes.getString(at: bytes.readerIndex + 4, length: 4)
        return name.map(boxes.contains) == true ? .mp4 : .mpegTS
    }
}
