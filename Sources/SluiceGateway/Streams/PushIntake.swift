package import SluiceTypes
import Synchronization

/// Whole segments by HTTP: each is inspected, accepted in the order of its number, and followed to its end.
package final class PushIntake: SegmentPush {
    private struct Names {
        /// What a live stream is called here, by the name that its pusher uses: nobody else's name leads to it.
        var granted: [StreamID: StreamID] = [:]
        /// First segments that are waiting for leave; the next ones of the stream wait for them.
        var opening: [StreamID: Gate] = [:]
    }

    private let table: StreamTable
    private let demux: DemuxStage
    private let names = Mutex(Names())

    package init(table: StreamTable, demux: DemuxStage) {
        self.table = table
        self.demux = demux
    }

    package func confirm(_ request: PublishRequest) async throws(PublishRefusal) { try await table.confirm(request) }

    package func push(_ pushed: PushedSegment, rendition: (PushedRendition) async throws -> Void) async throws {
        // First, so that bytes that are no media take no stream's name.
        let began = ContinuousClock.now
        let inspected = try await demux.inspect(pushed)
        let live = try await live(for: pushed)
        var named = pushed
        named.stream = live.pipeline.id
        let granted = named
        let line = live.line
        live.hear()
        // Bounded by the profiles: one element for each, and the end.
        let (events, progress) = AsyncStream.makeStream(of: PushProgress.self)
        let demux = demux
        let until = try line.enter(
            PushLine.Item(
                number: pushed.sequence, segment: { demux.segment(from: granted, inspected, as: $0) }, slice: pushed.slice,
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
        var made: [Int: PushedRendition] = [:]
        var next = 0
        for await event in events {
            live.hear()
            switch event {
            case .rendition(let place, let profile, let one):
                made[place] = PushedRendition(profile: profile, bytes: one.bytes)
                while let ready = made.removeValue(forKey: next) {
                    try await rendition(ready)
                    next += 1
                }
            case .ended(let failure):
                if let failure { throw Self.failure(failure) }
                return
            }
        }
        throw CancellationError()
    }

    package func end(_ stream: StreamID, token: String?) async throws(PublishRefusal) -> Bool {
        try await table.confirm(PublishRequest(stream: stream, key: nil, origin: .httpPush, remoteAddress: "", token: token))
        return await end(stream)
    }

    package func end(_ stream: StreamID) async -> Bool {
        guard let live = current(stream) else { return false }
        live.pipeline.finish()
        return true
    }

    private func live(for pushed: PushedSegment) async throws -> LiveStream {
        while true {
            if let live = open(for: pushed) {
                // Nobody slips segments of his own into a stream that another one was let in for.
                do { try await table.confirm(Self.request(pushed)) } catch { throw PushFailure.refused(error) }
                return live
            }
            let gate = Gate()
            let other = names.withLock { names -> Gate? in
                if let other = names.opening[pushed.stream] { return other }
                names.opening[pushed.stream] = gate
                return nil
            }
            if let other {
                await other.opened()
                continue
            }
            defer {
                names.withLock { $0.opening[pushed.stream] = nil }
                gate.open()
            }
            if open(for: pushed) != nil { continue }
            return try await open(pushed)
        }
    }

    private func open(for pushed: PushedSegment) -> LiveStream? {
        guard let live = current(pushed.stream) else { return nil }
        // A pusher who begins again after a silence is a new life of the stream, not a mistake.
        let isNewLife = live.line.isPast(pushed.sequence) && live.silence(at: .now) > table.settings.takeoverAfter
        return isNewLife ? nil : live
    }

    private func open(_ pushed: PushedSegment) async throws -> LiveStream {
        do {
            let live = try await table.admit(Self.request(pushed), profiles: pushed.profiles, evict: { _ in })
            remember(live.pipeline.id, as: pushed.stream)
            return live
        } catch {
            throw PushFailure.refused(error)
        }
    }

    private static func request(_ pushed: PushedSegment) -> PublishRequest {
        PublishRequest(
            stream: pushed.stream, key: nil, origin: .httpPush, remoteAddress: pushed.remoteAddress, url: pushed.url,
            query: pushed.query, token: pushed.token)
    }

    private func remember(_ granted: StreamID, as pushed: StreamID) {
        names.withLock { names in
            // Bounded by the live streams.
            names.granted = names.granted.filter { table.live($0.value) != nil }
            names.granted[pushed] = granted
        }
    }

    private func current(_ stream: StreamID) -> LiveStream? {
        names.withLock { $0.granted[stream] }.flatMap(table.live).flatMap { $0.origin == .httpPush && !$0.pipeline.isFinished ? $0 : nil }
    }

    private static func failure(_ failure: SegmentFailure) -> PushFailure {
        switch failure.reason {
        case .mediaUnusable: .unusableMedia(failure.detail)
        case .unreachable where failure.detail == "no orchestrator can take this segment": .noOrchestrator
        default: .attemptsExhausted(failure.description)
        }
    }
}
