package import Logging
package import SluiceMedia
package import SluiceTypes
import Synchronization

/// Admits segments, works them off one after another within a session and side by side across sessions, on the media threads.
package final class Orchestrator: TranscodeService {
    package struct Settings: Sendable {
        package var admission: Admission.Settings
        package var transcode: TranscodeSession.Settings

        package init(admission: Admission.Settings = .init(), transcode: TranscodeSession.Settings = .init()) {
            self.admission = admission
            self.transcode = transcode
        }
    }

    private struct State {
        var admission: Admission
        var lanes: [SessionID: TranscodeLane] = [:]
    }

    /// How often idle sessions are looked for; short against the 70 s after which they go.
    private static let sweepInterval: Duration = .seconds(5)

    package let capabilities: CapabilitySet
    package let takesStreamedSegments = true
    private let settings: Settings
    private let executor: MediaExecutor
    private let metrics: OrchestratorMetrics
    private let logger: Logger
    private let state: Mutex<State>

    package init(settings: Settings, executor: MediaExecutor, registry: MetricRegistry, logger: Logger) {
        self.settings = settings
        self.executor = executor
        self.metrics = OrchestratorMetrics(registry: registry)
        self.logger = logger
        self.capabilities = Self.offered
        self.state = Mutex(State(admission: Admission(settings: settings.admission)))
    }

    /// The default set of specs/transcoding-protocol §5.1 without what we do not do, and HEVC input.
    private static let offered = CapabilitySet([
        .h264, .mpegTS, .mp4, .fractionalFrameRates, .storageDirect, .profileH264Baseline, .profileH264Main, .profileH264High,
        .profileH264ConstrainedHigh, .gop, .authToken, .hevcDecode, .segmentSlicing,
    ])

    /// Drops idle sessions until it is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.sweepInterval) } catch { return }
            let idle = state.withLock { state in
                let idle = state.admission.expire(at: .now)
                for session in idle { state.lanes[session] = nil }
                return idle
            }
            for session in idle { logger.info("session idle", metadata: ["session": "\(session)"]) }
            count()
        }
    }

    /// How full the house is, by its sessions: 0 to 1.
    package var load: Double {
        Double(state.withLock { $0.admission.sessionCount }) / Double(max(1, settings.admission.maxSessions))
    }

    package func hasRoom(for session: SessionID?) -> Bool {
        state.withLock { $0.admission.hasRoom(for: session) }
    }

    package func end(_ session: SessionID) async {
        let lane = state.withLock { state in
            state.admission.end(session)
            return state.lanes.removeValue(forKey: session)
        }
        lane?.endStreamed()
        count()
    }

    package func transcode(_ job: SegmentJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        transcode(.whole(job), in: session)
    }

    package func transcode(_ job: StreamedJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        transcode(.streamed(job), in: session)
    }

    private func transcode(_ job: TranscodeLane.Job, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        // Bounded by the job: the renditions' bytes, which are an event a picture for a streamed segment, and two events more.
        let (events, continuation) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        let (lane, pass): (TranscodeLane, Admission.Pass)
        do {
            (lane, pass) = try admit(session)
        } catch {
            metrics.refused.increment()
            continuation.finish(throwing: error)
            return events
        }
        continuation.yield(.accepted)
        let observe = observation(of: job)
        // Owned by the sequence: when nobody iterates it any more, the work stops at the next frame.
        let ticket = lane.enqueue(job) { event in
            continuation.yield(event)
        } completion: { [weak self] result in
            if case .success = result { observe() }
            self?.ended(pass, of: session, result)
            switch result {
            case .success: continuation.finish()
            case .failure(let failure): continuation.finish(throwing: failure)
            }
        }
        continuation.onTermination = { _ in ticket.cancel() }
        return events
    }

    package var status: OrchestratorStatus {
        let (sessions, pending) = state.withLock { ($0.admission.sessionCount, $0.admission.pendingCount) }
        return OrchestratorStatus(
            sessions: sessions, maxSessions: settings.admission.maxSessions, pendingSegments: pending,
            segments: metrics.admitted.value, done: metrics.done.value, failed: metrics.failed,
            refused: metrics.refused.value)
    }

    private func admit(_ session: SessionID) throws(SegmentFailure) -> (TranscodeLane, Admission.Pass) {
        let admitted: Result<(TranscodeLane, Admission.Pass), SegmentFailure> = state.withLock { state in
            let pass: Admission.Pass
            do throws(SegmentFailure) {
                pass = try state.admission.admit(session, at: .now)
            } catch {
                return .failure(error)
            }
            let lane = state.lanes[session] ?? TranscodeLane(settings: settings.transcode, executor: executor)
            state.lanes[session] = lane
            return .success((lane, pass))
        }
        let work = try admitted.get()
        metrics.admitted.increment()
        count()
        return work
    }

    /// - Returns: to be called once the work is done.
    private func observation(of job: TranscodeLane.Job) -> @Sendable () -> Void {
        let began = ContinuousClock.now
        let metrics = metrics
        guard case .streamed(let job) = job else {
            return { metrics.transcode.observe(began.duration(to: .now).inSeconds) }
        }
        let lastByte = Mutex(began)
        _ = job.feed.whenReady(at: .max) { lastByte.withLock { $0 = .now } }
        return { metrics.streamed.observe(lastByte.withLock { $0 }.duration(to: .now).inSeconds) }
    }

    private func ended(_ pass: Admission.Pass, of session: SessionID, _ result: Result<Int64, SegmentFailure>) {
        state.withLock { $0.admission.done(pass, at: .now) }
        switch result {
        case .success(let pixels):
            metrics.done.increment()
            metrics.pixels.increment(by: Int(clamping: pixels))
        case .failure(let failure):
            metrics.countFailure(failure.reason)
            logger.info("segment failed", metadata: ["session": "\(session)", "reason": "\(failure)"])
        }
        count()
    }

    private func count() {
        let (sessions, pending) = state.withLock { ($0.admission.sessionCount, $0.admission.pendingCount) }
        metrics.sessions.set(sessions)
        metrics.pending.set(pending)
    }
}

/// What `/status` shows of an orchestrator.
package struct OrchestratorStatus: Codable, Sendable {
    package var sessions: Int
    package var maxSessions: Int
    package var pendingSegments: Int
    package var segments: Int
    package var done: Int
    package var failed: Int
    package var refused: Int
}
