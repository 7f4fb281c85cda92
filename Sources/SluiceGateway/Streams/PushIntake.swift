package import SluiceTypes

/// Whole segments by HTTP: each is inspected, accepted in the order of its number, and followed to its end.
package struct PushIntake: SegmentPush {
    private let table: StreamTable
    private let demux: DemuxStage

    package init(table: StreamTable, demux: DemuxStage) {
        self.table = table
        self.demux = demux
    }

    package func push(_ pushed: PushedSegment) async throws -> [PushedRendition] {
        // First, so that bytes that are no media take no stream's name.
        let inspected = try await demux.inspect(pushed)
        let live = try live(for: pushed)
        let sequence = SegmentSequence(pushed.sequence.rawValue + live.sequenceOffset)
        if let newest = live.pipeline.output.newest, sequence <= newest {
            throw PushFailure.staleSequence(pushed.sequence, newest: SegmentSequence(newest.rawValue - live.sequenceOffset))
        }
        let segment = demux.segment(from: pushed, inspected, as: sequence)
        live.hear()
        let outcome = await withCheckedContinuation { continuation in
            let isTaken = live.pipeline.accept(segment, onlyIfNewer: true) { continuation.resume(returning: $0) }
            if !isTaken {
                continuation.resume(
                    returning: SegmentOutcome(renditions: [], failure: SegmentFailure(.cancelled, "the stream ended or moved on")))
            }
        }
        live.hear()
        return try answer(outcome, profiles: live.pipeline.output.profiles)
    }

    package func end(_ stream: StreamID) async -> Bool {
        guard let live = table.live(stream), live.origin == .httpPush else { return false }
        live.pipeline.finish()
        return true
    }

    private func live(for pushed: PushedSegment) throws(PushFailure) -> LiveStream {
        if let live = table.live(pushed.stream), live.origin == .httpPush, !live.pipeline.isFinished {
            let newest = live.pipeline.output.newest?.rawValue ?? -1
            let isRestart = pushed.sequence.rawValue + live.sequenceOffset <= newest
            // A pusher who begins again after a silence is a new life of the stream, not a mistake.
            if !isRestart || live.silence(at: .now) <= table.settings.takeoverAfter { return live }
        }
        let request = PublishRequest(
            stream: pushed.stream, key: nil, origin: .httpPush, remoteAddress: pushed.remoteAddress)
        do {
            return try table.open(request, profiles: pushed.profiles, firstPushed: pushed.sequence, evict: { _ in })
        } catch {
            throw .refused(error)
        }
    }

    private func answer(_ outcome: SegmentOutcome, profiles: [TranscodeProfile]) throws(PushFailure) -> [PushedRendition] {
        if let failure = outcome.failure {
            switch failure.reason {
            case .mediaUnusable: throw .unusableMedia(failure.detail)
            case .unreachable where failure.detail == "no orchestrator can take this segment": throw .noOrchestrator
            default: throw .attemptsExhausted(failure.description)
            }
        }
        return zip(profiles, outcome.renditions).compactMap { profile, rendition in
            rendition.map { PushedRendition(profile: profile, bytes: $0.bytes) }
        }
    }
}
