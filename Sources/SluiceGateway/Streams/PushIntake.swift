package import SluiceTypes

/// Whole segments by HTTP: each is inspected, accepted in the order of its number, and followed to its end.
package struct PushIntake: SegmentPush {
    private let table: StreamTable
    private let demux: DemuxStage

    package init(table: StreamTable, demux: DemuxStage) {
        self.table = table
        self.demux = demux
    }

    package func push(_ pushed: PushedSegment, rendition: (PushedRendition) async throws -> Void) async throws {
        // First, so that bytes that are no media take no stream's name.
        let began = ContinuousClock.now
        let inspected = try await demux.inspect(pushed)
        let live = try live(for: pushed)
        let line = live.line
        live.hear()
        // Bounded by the profiles: one element for each, and the end.
        let (events, progress) = AsyncStream.makeStream(of: PushProgress.self)
        let demux = demux
        let until = try line.enter(
            PushLine.Item(
                number: pushed.sequence, segment: { demux.segment(from: pushed, inspected, as: $0) }, slice: pushed.slice,
                progress: progress))
        try await withThrowingTaskGroup(of: Void.self) { group in
            // When the client goes away first it expires at once: the segment is whole, and others may wait for it.
            group.addTask {
                try? await Task.sleep(until: until, clock: .continuous)
                line.expire(pushed.sequence)
            }
            defer { group.cancelAll() }
            try await follow(events, of: live, rendition)
        }
        table.metrics.pushAnswered(inspected.duration(of: pushed), after: began.duration(to: .now))
    }

    private func follow(
        _ events: AsyncStream<PushProgress>, of live: LiveStream, _ rendition: (PushedRendition) async throws -> Void
    ) async throws {
        let profiles = live.pipeline.output.profiles
        var made: [Int: SegmentOutcome.Rendition] = [:]
        var next = 0
        for await event in events {
            live.hear()
            switch event {
            case .rendition(let place, let one):
                made[place] = one
                while let ready = made.removeValue(forKey: next) {
                    try await rendition(PushedRendition(profile: profiles[next], bytes: ready.bytes))
                    next += 1
                }
            case .ended(let failure):
                if let failure { throw Self.failure(failure) }
                return
            }
        }
        throw CancellationError()
    }

    package func end(_ stream: StreamID) async -> Bool {
        guard let live = table.live(stream), live.origin == .httpPush else { return false }
        live.pipeline.finish()
        return true
    }

    private func live(for pushed: PushedSegment) throws(PushFailure) -> LiveStream {
        if let live = current(pushed.stream) {
            // A pusher who begins again after a silence is a new life of the stream, not a mistake.
            if !live.line.isPast(pushed.sequence) || live.silence(at: .now) <= table.settings.takeoverAfter { return live }
        }
        let request = PublishRequest(
            stream: pushed.stream, key: nil, origin: .httpPush, remoteAddress: pushed.remoteAddress)
        do {
            return try table.open(request, profiles: pushed.profiles, evict: { _ in })
        } catch {
            // Of two first segments at the same time, one opens the stream for both.
            guard case .alreadyPublishing = error, let opened = current(pushed.stream) else { throw .refused(error) }
            return opened
        }
    }

    private func current(_ stream: StreamID) -> LiveStream? {
        table.live(stream).flatMap { $0.origin == .httpPush && !$0.pipeline.isFinished ? $0 : nil }
    }

    private static func failure(_ failure: SegmentFailure) -> PushFailure {
        switch failure.reason {
        case .mediaUnusable: .unusableMedia(failure.detail)
        case .unreachable where failure.detail == "no orchestrator can take this segment": .noOrchestrator
        default: .attemptsExhausted(failure.description)
        }
    }
}
