package import Logging
package import SluiceMedia
package import SluiceTypes
import SluiceWire
import Synchronization

/// All streams of a gateway, by name: who publishes, what viewers may have, and when a name is free again.
///
/// `run` is the life of every pipeline; without it running nothing is transcoded.
package final class StreamTable: Sendable {
    struct Entry {
        let output: StreamOutput
        /// The publisher's current time; `nil` once it has gone and its last rendition is out.
        var live: LiveStream?
        var endedAt: ContinuousClock.Instant?
    }

    /// How often idle and ended streams are looked for. Short against every limit it enforces.
    private static let sweepInterval: Duration = .seconds(1)

    private let present: Mutex<GatewaySettings>
    let dispatch: DispatchStage
    let metrics: GatewayMetrics
    let media: MediaExecutor?
    let logger: Logger
    let admission: (any PublishAdmission)?
    let liveVideo: LiveVideoStage?
    private let witness: SegmentWitness?
    let entries = Mutex<[StreamID: Entry]>([:])
    let isClosing = Mutex(false)
    private let opened: AsyncStream<LiveStream>
    private let announce: AsyncStream<LiveStream>.Continuation
    private let begunJobs: AsyncStream<Job>
    let announceJob: AsyncStream<Job>.Continuation

    /// - Parameters:
    ///   - admission: without one everybody may publish.
    ///   - media: reads segments that come whole; without it they are not packaged for low latency.
    ///   - witness: hears what became of each segment.
    package init(
        settings: GatewaySettings, dispatch: DispatchStage, metrics: GatewayMetrics, admission: (any PublishAdmission)? = nil,
        liveVideo: LiveVideoStage? = nil, media: MediaExecutor? = nil, witness: SegmentWitness? = nil, logger: Logger
    ) {
        self.witness = witness
        self.liveVideo = liveVideo
        self.admission = admission
        self.media = media
        self.present = Mutex(settings)
        self.dispatch = dispatch
        self.metrics = metrics
        self.logger = logger
        // Bounded by `maxStreams`: one element per admitted publisher.
        (opened, announce) = AsyncStream.makeStream(of: LiveStream.self)
        (begunJobs, announceJob) = AsyncStream.makeStream(of: Job.self)
    }

    /// Streams that begin from now on obey `settings`; those that are live keep what they began with.
    package func reconfigure(_ settings: GatewaySettings) { present.withLock { $0 = settings } }

    package var settings: GatewaySettings { present.withLock { $0 } }

    /// Ends a stream in order, as if its publisher had: what was cut is carried through.
    ///
    /// - Returns: `false` for one that is not live.
    package func stop(_ stream: StreamID) -> Bool {
        guard let live = live(stream) else { return false }
        logger.notice("stream stopped", metadata: ["stream": "\(stream)"])
        live.evict(.ended)
        live.pipeline.finish()
        return true
    }

    /// Carries all streams until `close` was called and the last of them ended, or the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.sweep() }
            group.addTask {
                await withDiscardingTaskGroup { jobs in for await job in self.begunJobs { jobs.addTask { await self.carry(job) } } }
            }
            // Pipelines in a group of their own: the end of the sweep must not be theirs.
            await withDiscardingTaskGroup { streams in
                for await live in opened {
                    streams.addTask {
                        async let bridged: Void = self.bridge(live)
                        async let worked: Void? = self.liveVideo?.carry(live, in: self)
                        await live.pipeline.run()
                        // Cancelled, it ends before its publisher.
                        live.pipeline.finish()
                        await bridged
                        _ = await worked
                        self.ended(live)
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Lets nobody in any more and ends every stream in order: last segments are carried through.
    package func close() {
        isClosing.withLock { $0 = true }
        let living = entries.withLock { $0.values.compactMap(\.live) }
        for live in living {
            live.evict(.ended)
            live.pipeline.finish()
        }
        for job in liveVideo?.jobs.all ?? [] { job.stop() }
        announceJob.finish()
        announce.finish()
    }

    /// Asks whoever decides for the operator, then opens the stream under the name that was granted.
    ///
    /// - Parameter profiles: what the publisher itself asks for; `nil` when it asks for nothing.
    func admit(
        _ request: PublishRequest, profiles: [TranscodeProfile]?, evict: @escaping @Sendable (Eviction) -> Void
    ) async throws(PublishRefusal) -> LiveStream {
        guard let admission else { return try open(request, profiles: profiles, evict: evict) }
        let grant: PublishGrant
        do { grant = try await admission.admit(request, profiles: profiles, usual: settings.profiles) } catch {
            logger.warning(
                "publisher refused",
                metadata: ["stream": "\(request.stream)", "from": "\(request.remoteAddress)", "reason": "\(error)"])
            throw error
        }
        do throws(PublishRefusal) {
            if let wanted = profiles, let granted = grant.profiles, wanted != granted {
                throw .unusable("the profiles of the publisher are not those that the auth webhook allows")
            }
            var granted = request
            granted.stream = grant.stream
            granted.key = grant.key
            let live = try open(granted, profiles: profiles ?? grant.profiles, liveVideo: grant.liveVideo, evict: evict)
            grant.opened()
            return live
        } catch {
            grant.abandoned()
            throw error
        }
    }

    /// Whether somebody may go on with a stream that was let in before.
    func confirm(_ request: PublishRequest) async throws(PublishRefusal) { try await admission?.confirm(request) }

    /// Makes no renditions of a stream until told otherwise: its playlists have gaps in their place, and the source goes on. What a model
    /// makes of it ends for good.
    package func suspendRenditions(of stream: StreamID, _ isSuspended: Bool) {
        guard let live = live(stream) else { return }
        // A model costs as renditions do; it does not come back by itself, as its worker has gone by then.
        if isSuspended, let liveVideo = live.liveVideo, !liveVideo.isStopped { liveVideo.stop() }
        guard live.pipeline.suspend(isSuspended) else { return }
        logger.notice("renditions", metadata: ["stream": "\(stream)", "suspended": "\(isSuspended)"])
    }

    /// Makes the stream's next life. Throws `PublishRefusal` when the name is taken or the house is full.
    func open(
        _ request: PublishRequest, profiles: [TranscodeProfile]?, liveVideo granted: LiveVideoGrant? = nil,
        evict: @escaping @Sendable (Eviction) -> Void
    ) throws(PublishRefusal) -> LiveStream {
        if isClosing.withLock({ $0 }) { throw .shuttingDown }
        let liveVideo = try liveVideo?.wanted(by: request, granted)
        let now = ContinuousClock.now
        let result: Result<(LiveStream, LiveStream?), PublishRefusal> = entries.withLock { entries in
            let entry = entries[request.stream]
            if let live = entry?.live, !live.pipeline.isFinished {
                guard live.silence(at: now) > settings.takeoverAfter else { return .failure(.alreadyPublishing(request.stream)) }
            }
            let living = entries.values.count { $0.live != nil }
            guard entry?.live != nil || living < settings.maxStreams else { return .failure(.tooManyStreams(limit: settings.maxStreams)) }
            if let name = liveVideo?.request.order.streamID, Self.isTaken(name, except: request.stream, in: entries) {
                return .failure(
                    .unusable("live video: the streamId '\(name.prefix(200))' is another stream's; one that nobody has is right"))
            }
            // What somebody has changed a stream to stays when its publisher comes back and asks for nothing else.
            let changed = entry.flatMap { $0.output.isChanged && $0.live != nil ? $0.output.profiles : nil }
            let wanted = profiles ?? changed ?? settings.profiles
            let output: StreamOutput
            if let known = entry?.output, known.profiles == wanted {
                output = known
                output.reopen()
            } else {
                output = StreamOutput(
                    stream: request.stream, profiles: wanted, settings: settings, isNamedByPublisher: request.origin == .httpPush,
                    witness: witness)
            }
            // What a model makes is handed on while it is cut, too.
            let feeds = liveVideo?.feeds ?? (request.origin == .liveVideo ? LiveVideoFeeds() : nil)
            let pipeline = StreamPipeline(
                output: output, settings: settings, dispatch: dispatch, metrics: metrics, lane: lane(for: output),
                liveVideo: feeds, witness: witness, following: entry?.live?.pipeline)
            let live = LiveStream(
                origin: request.origin, key: request.key, pipeline: pipeline, liveVideo: liveVideo, feeds: feeds, settings: settings,
                evict: evict)
            entries[request.stream] = Entry(output: output, live: live, endedAt: nil)
            return .success((live, entry?.live))
        }
        let (live, replaced) = try result.get()
        if let replaced {
            replaced.evict(replaced.origin == request.origin ? .succeeded : .ended)
            replaced.pipeline.finish()
        }
        announce.yield(live)
        metrics.streamOpened(request.stream)
        logger.info(
            "stream opened",
            metadata: [
                "stream": "\(request.stream)", "origin": "\(request.origin.rawValue)", "from": "\(request.remoteAddress)",
                "takeover": "\(replaced != nil)",
            ])
        return live
    }

    private func lane(for output: StreamOutput) -> PackagingLane? {
        guard let media, let lowLatency = output.lowLatency else { return nil }
        return PackagingLane(output: lowLatency, ladder: output.ladder, metrics: metrics, media: media, logger: logger)
    }

    /// Waits until the publisher has gone and, when it was lost, goes on without it until it is back or given up.
    private func bridge(_ live: LiveStream) async {
        await live.pipeline.finished.opened()
        guard live.isLost, settings.publisherHold > .zero else { return }
        logger.info("publisher lost", metadata: ["stream": "\(live.pipeline.id)", "held for": "\(settings.publisherHold)"])
        let lowLatency = live.pipeline.output.lowLatency
        let life = lowLatency?.beginAbsence(settings.absencePicture)
        let step = lowLatency?.partTarget.limit.duration ?? Self.sweepInterval
        let end = ContinuousClock.now + settings.publisherHold
        var next = ContinuousClock.now + step
        while next < end, !isClosing.withLock({ $0 }), self.live(live.pipeline.id) === live {
            do { try await Task.sleep(until: next, tolerance: .milliseconds(1), clock: .continuous) } catch { return }
            next += step
            if let life, lowLatency?.bridge(in: life) == false { return }
        }
    }

    private func ended(_ live: LiveStream) {
        let id = live.pipeline.id
        let wasCurrent = entries.withLock { entries in
            guard entries[id]?.live === live else { return false }
            entries[id]?.live = nil
            entries[id]?.endedAt = .now
            return true
        }
        // A successor on the same output goes on; only the last one writes the end.
        if wasCurrent {
            live.pipeline.output.end()
            metrics.streamEnded(id)
            admission?.ended(id)
        }
        logger.info("stream ended", metadata: ["stream": "\(id)"])
    }

    private func sweep() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.sweepInterval) } catch { return }
            let now = ContinuousClock.now
            let idle = entries.withLock { entries in
                entries = entries.filter { $0.value.endedAt.map { $0.duration(to: now) < settings.linger } ?? true }
                return entries.values.compactMap(\.live).filter {
                    $0.origin == .httpPush && $0.silence(at: now) > settings.pushIdle
                }
            }
            for live in idle {
                logger.info("pushed stream idle", metadata: ["stream": "\(live.pipeline.id)", "after": "\(settings.pushIdle)"])
                live.pipeline.finish()
            }
        }
    }
}
