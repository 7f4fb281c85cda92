import NIOCore
import SluiceRouting
package import SluiceTypes
import Synchronization

/// The way of one stream, stage by stage: the product's table of contents.
///
///     ingest      IngestStage       a publisher is let in; packets, or whole segments, arrive
///     demux       DemuxStage        pushed bytes become facts (packets of RTMP need none)
///     segment     SegmentStage      packets become segments, on the publisher's own event loop
///     route       RouteStage        who could do it, best first
///     dispatch    DispatchStage     sent, watched, sent elsewhere; renditions come back one by one
///     reassemble  ReassembleStage   each rendition in the order of its segments
///     package     PackageStage      into the playlists; what is missing becomes a gap or the source
///     deliver     DeliverStage      viewers are answered from memory
///
/// The source takes the short way, from `accept` straight to its playlist, with no task in between. Everything else runs
/// inside `run`, which is the whole life of the stream: it returns after `finish`, when the last rendition is published.
package final class StreamPipeline: Sendable {
    /// Hears of a rendition that came: its place among those asked for, and what was asked for.
    typealias Listener = @Sendable (Int, TranscodeProfile, SegmentOutcome.Rendition) -> Void

    /// One segment on its way, and who wants to hear of its end.
    struct Work: Sendable {
        var segment: Segment
        var ladder: Ladder
        var slice: SegmentSlice?
        var ordinal: Int64
        /// Too many were waiting already: it only keeps its place in the order.
        var isSkipped: Bool
        /// Nothing is to be made of it, as the operator's limits say; it keeps its place as well.
        var isSuspended: Bool
        /// Opens when nothing more comes of it.
        let settled = Gate()
        var rendition: Listener?
        var completion: (@Sendable (SegmentOutcome) -> Void)?
        var account: SegmentAccount?
    }

    private struct Intake {
        var nextOrdinal: Int64 = 0
        var waiting = 0
        var isFinished = false
        var isSuspended = false
        /// What is asked for of the next segment, once somebody has changed it.
        var wanted: [TranscodeProfile]?
        /// The segment that is being cut, with what is asked for of it.
        var open: (sequence: SegmentSequence, ladder: Ladder)?
        /// Places of the renditions of the segment taken last.
        var places: [Int] = []
        /// Of the segment taken last.
        var settled: Gate?
    }

    /// A segment that may go out while it is being cut, once the one before it is done: an orchestrator works one after another.
    private struct Opened: Sendable {
        var sequence: SegmentSequence
        var duration: Duration
        var ladder: Ladder
        var feed: SegmentFeed
        var predecessor: Gate?
    }

    package let id: StreamID
    let output: StreamOutput
    private let settings: GatewaySettings
    private let dispatch: DispatchStage
    private let reassemble: ReassembleStage
    private let packaging: PackageStage
    private let metrics: GatewayMetrics
    private let witness: SegmentWitness?
    private let intake = Mutex(Intake())
    private let works: AsyncStream<Work>
    private let enqueue: AsyncStream<Work>.Continuation
    private let opened: AsyncStream<Opened>
    private let announce: AsyncStream<Opened>.Continuation
    /// The publisher's life before this one, on the same output: its last renditions come first.
    private let predecessor: Gate?
    /// Who works on the pictures while they come in; `nil` where nobody was asked to.
    private let liveVideo: LiveVideoFeeds?
    /// Whether segments are hashed while they are cut, without which none goes out before it is whole.
    private let isHashed: Bool
    private let done = Gate()
    /// The publisher has gone.
    let finished = Gate()

    init(
        output: StreamOutput, settings: GatewaySettings, dispatch: DispatchStage, metrics: GatewayMetrics, lane: PackagingLane? = nil,
        liveVideo: LiveVideoFeeds? = nil, witness: SegmentWitness? = nil, following predecessor: StreamPipeline? = nil
    ) {
        self.witness = witness
        self.liveVideo = liveVideo
        self.predecessor = predecessor?.done
        self.id = output.stream
        self.output = output
        self.settings = settings
        self.dispatch = dispatch
        self.metrics = metrics
        self.packaging = PackageStage(output: output, metrics: metrics, lane: lane)
        self.reassemble = ReassembleStage(packaging: packaging)
        isHashed = !output.profiles.isEmpty
        // Bounded by `waiting`: past the limit only placeholders without work are queued.
        (works, enqueue) = AsyncStream.makeStream(of: Work.self, bufferingPolicy: .unbounded)
        // An older one that nobody took up is not worth its way any more.
        (opened, announce) = AsyncStream.makeStream(of: Opened.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// A segment begins. Called on the publisher's thread, before any of its bytes.
    ///
    /// - Returns: where its bytes go as they are cut; `nil` where nobody takes them before it is closed.
    func open(_ sequence: SegmentSequence, lasting duration: Duration) -> SegmentFeed? {
        let feed = SegmentFeed()
        let isTaken = takesEarly(sequence, lasting: duration, feed)
        guard let liveVideo else { return isTaken ? feed : nil }
        liveVideo.opened(feed)
        return feed
    }

    private func takesEarly(_ sequence: SegmentSequence, lasting duration: Duration, _ feed: SegmentFeed) -> Bool {
        let ladder = intake.withLock { intake in
            let ladder = present(&intake)
            intake.open = (sequence, ladder)
            return ladder
        }
        guard settings.streamsSegments, isHashed, !ladder.profiles.isEmpty, ladder.profiles.allSatisfy({ $0.container == .mpegTS }),
            dispatch.takesEarly(id)
        else { return false }
        // One that waits is the one before, taken a moment ago.
        let (isBehind, predecessor) = intake.withLock { ($0.isFinished || $0.isSuspended || $0.waiting > 1, $0.settled) }
        guard !isBehind else { return false }
        announce.yield(Opened(sequence: sequence, duration: duration, ladder: ladder, feed: feed, predecessor: predecessor))
        return true
    }

    /// What is asked for of the next segment, or is going to be.
    var wanted: [TranscodeProfile] { intake.withLock { $0.wanted ?? output.profiles } }

    /// Asks for other renditions from the next segment on.
    func change(to profiles: [TranscodeProfile], if isSeen: ([TranscodeProfile]) -> Bool) -> LadderChange {
        intake.withLock { intake in
            guard !intake.isFinished else { return .notLive }
            guard isSeen(intake.wanted ?? output.profiles) else { return .changedMeanwhile }
            guard output.names(with: profiles) <= StreamOutput.mostNames else { return .tooManyNames(most: StreamOutput.mostNames) }
            intake.wanted = profiles
            return .taken
        }
    }

    /// At the beginning of a segment: what is asked for of it.
    private func present(_ intake: inout Intake) -> Ladder {
        guard let wanted = intake.wanted else { return output.ladder }
        intake.wanted = nil
        let (new, old) = output.change(to: wanted)
        packaging.change(to: new, from: old)
        return new
    }

    /// Takes a closed segment: publishes the source at once and queues the rest. Called on the publisher's thread, in order.
    ///
    /// - Parameters:
    ///   - onlyIfNewer: refuse a sequence that is not above the newest; for callers that may race.
    ///   - slice: the part of which renditions are wanted.
    ///   - completion: called once, when every rendition has come or been given up; never when the segment is not taken.
    ///   - rendition: called for each rendition that comes, with its place in the profiles, as soon as it is whole.
    /// - Returns: `false` once the stream has finished; the segment is not taken then.
    @discardableResult
    func accept(
        _ closed: Segment, onlyIfNewer: Bool = false, slice: SegmentSlice? = nil,
        completion: (@Sendable (SegmentOutcome) -> Void)? = nil,
        rendition: Listener? = nil
    ) -> Bool {
        var segment = closed
        let trace = witness?.name(closed.stream, closed.sequence)
        let work: Work? = intake.withLock { intake in
            guard !intake.isFinished else { return nil }
            if onlyIfNewer, let newest = output.newest, closed.sequence <= newest { return nil }
            let ladder = intake.open.flatMap { $0.sequence == closed.sequence ? $0.ladder : nil } ?? present(&intake)
            intake.open = nil
            reassemble.begin(ladder.places.filter { !intake.places.contains($0) }, with: intake.nextOrdinal)
            intake.places = ladder.places
            packaging.publishSource(&segment, comesWhole: onlyIfNewer)
            let isSkipped = intake.waiting >= settings.maxWaiting
            if !isSkipped { intake.waiting += 1 }
            defer { intake.nextOrdinal += 1 }
            let work = Work(
                segment: segment, ladder: ladder, slice: slice, ordinal: intake.nextOrdinal, isSkipped: isSkipped,
                isSuspended: intake.isSuspended, rendition: rendition, completion: completion,
                account: account(of: segment, ladder, isWanted: trace != nil))
            intake.settled = work.settled
            return work
        }
        guard let work else { return false }
        if onlyIfNewer { feedWhole(work.segment) }
        output.recent.began(work.segment, trace: trace)
        if work.ladder.profiles.isEmpty {
            if !work.isSkipped { intake.withLock { $0.waiting -= 1 } }
            work.account?.ended(work.segment.timeline, nil)
            work.account?.decided(nil)
            // The next one that goes out early waits for this one, when there are renditions again.
            work.settled.open()
            completion?(SegmentOutcome(renditions: [], failure: nil))
        } else if case .terminated = enqueue.yield(work) {
            // It has ended in this moment, or was cancelled: nobody takes it up any more, and whoever waits for it is told.
            if !work.isSkipped { intake.withLock { $0.waiting -= 1 } }
            work.account?.decided(nil)
            settle(
                work, work.ladder.profiles.map { _ in nil }, work.segment.timeline, SegmentFailure(.cancelled, "the stream has ended"))
        }
        return true
    }

    /// A segment that comes whole goes to those who work on the pictures as if it had just been cut.
    private func feedWhole(_ segment: Segment) {
        guard let liveVideo, segment.container == .mpegTS else { return }
        let feed = SegmentFeed()
        feed.append(segment.bytes)
        feed.finish(hash: [])
        liveVideo.opened(feed)
    }

    /// From the next segment on nothing is made of the source, or something again.
    ///
    /// - Returns: whether that was otherwise before.
    func suspend(_ isSuspended: Bool) -> Bool {
        intake.withLock { intake in
            defer { intake.isSuspended = isSuspended }
            return intake.isSuspended != isSuspended
        }
    }

    var isFinished: Bool { intake.withLock { $0.isFinished } }

    /// No segment follows; what is in flight is carried to its end.
    func finish() {
        intake.withLock { $0.isFinished = true }
        enqueue.finish()
        announce.finish()
        liveVideo?.end()
        finished.open()
    }

    /// Carries every segment from its cut to its playlists. Cancelling it drops what is in flight.
    func run() async {
        await predecessor?.opened()
        defer { done.open() }
        async let packaged: Void = packaging.run()
        async let uploaded: Void = runUploads()
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await work in works {
                if running >= settings.maxInFlight, await group.next() != nil { running -= 1 }
                if !work.isSkipped { intake.withLock { $0.waiting -= 1 } }
                group.addTask { await self.carry(work) }
                running += 1
            }
        }
        packaging.finish()
        dispatch.forget(id)
        await uploaded
        await packaged
        await dispatch.end(id)
    }

    private func runUploads() async {
        await withDiscardingTaskGroup { group in
            for await one in opened {
                group.addTask {
                    await one.predecessor?.opened()
                    let job = StreamedJob(
                        stream: self.id, sequence: one.sequence, profiles: one.ladder.profiles, feed: one.feed,
                        expectedDuration: one.duration)
                    await self.dispatch.sendEarly(job, reached: { self.packaging.reached(in: one.sequence, one.ladder) }) {
                        self.packaging.take($2, rendition: one.ladder.places[$1], of: $0, at: one.sequence)
                    }
                }
            }
        }
    }

    private func account(of segment: Segment, _ ladder: Ladder, isWanted: Bool) -> SegmentAccount? {
        guard isWanted, let witness else { return nil }
        return SegmentAccount(segment, renditions: ladder.profiles.map(\.name), tell: witness.settled)
    }

    private func carry(_ work: Work) async {
        defer { dispatch.forget(id, work.segment.sequence) }
        guard !work.isSuspended else {
            work.account?.decided(nil)
            let failure = SegmentFailure(.cancelled, "nothing more is made of this stream until the quota of its tenant begins anew")
            return settle(work, work.ladder.profiles.map { _ in nil }, work.segment.timeline, failure)
        }
        guard !work.isSkipped else {
            work.account?.decided(nil)
            let failure = SegmentFailure(.busy, "\(settings.maxWaiting) segments of this stream were waiting already")
            return settle(work, work.ladder.profiles.map { _ in nil }, work.segment.timeline, failure)
        }
        let settled = Mutex<[SegmentOutcome.Rendition?]>(work.ladder.profiles.map { _ in nil })
        let result = Mutex<DispatchStage.Result?>(nil)
        let isWaiting = dispatch.onMiss(of: id) == .wait
        let job = SegmentJob(segment: work.segment, profiles: work.ladder.profiles, slice: work.slice)
        let decision = await dispatch.carry(job) { index, rendition in
            settled.withLock { $0[index] = rendition }
            let profile = work.ladder.profiles[index]
            work.rendition?(index, profile, rendition)
            self.reassemble.settle(
                work.ladder.places[index], as: profile, ordinal: work.ordinal, work.segment, .made(rendition.bytes), work.account)
        } ended: { ended in
            // Without a wait the end is told at once: a canary may still be on its way.
            if ended.failure == nil || !isWaiting {
                self.settle(work, settled.withLock { $0 }, ended.timeline, ended.failure)
            } else {
                result.withLock { $0 = ended }
            }
        }
        work.account?.decided(decision)
        if let late = result.withLock({ $0 }) {
            try? await Task.sleep(for: settings.onMissWait)
            settle(work, settled.withLock { $0 }, late.timeline, late.failure)
        }
    }

    private func settle(
        _ work: Work, _ renditions: [SegmentOutcome.Rendition?], _ reached: SegmentTimeline, _ failure: SegmentFailure?
    ) {
        var timeline = reached
        let onMiss = dispatch.onMiss(of: id)
        for (index, rendition) in renditions.enumerated() where rendition == nil {
            metrics.renditionsMissing.increment()
            reassemble.settle(
                work.ladder.places[index], as: work.ladder.profiles[index], ordinal: work.ordinal, work.segment,
                standIn(for: index, of: work.ladder.profiles, renditions, onMiss), work.account)
        }
        timeline.published = .now
        metrics.observe(timeline)
        output.recent.ended(work.segment.sequence, timeline, failure: failure)
        work.account?.ended(timeline, failure)
        work.settled.open()
        work.completion?(SegmentOutcome(renditions: renditions, failure: failure))
    }
}

extension StreamPipeline {
    private func standIn(
        for missing: Int, of profiles: [TranscodeProfile], _ renditions: [SegmentOutcome.Rendition?], _ onMiss: ServiceLevel.OnMiss
    ) -> ReassembleStage.Outcome {
        switch onMiss {
        case .gap, .wait: return .gap
        case .source: return .source
        case .lower:
            let smaller = renditions.indices.filter { index in
                renditions[index] != nil && profiles[index].pixels < profiles[missing].pixels
                    && profiles[index].container == profiles[missing].container
            }
            guard let best = smaller.max(by: { profiles[$0].pixels < profiles[$1].pixels }), let made = renditions[best] else {
                return .gap
            }
            return .lower(made.bytes)
        }
    }
}

extension TranscodeProfile {
    fileprivate var pixels: Int { width * height }
}

/// How one segment ended.
struct SegmentOutcome: Sendable {
    struct Rendition: Sendable {
        var bytes: ByteBuffer
        var facts: RenditionFacts
        var orchestrator: OrchestratorID
    }

    /// In profile order; `nil` where nothing came.
    var renditions: [Rendition?]
    var failure: SegmentFailure?
}
