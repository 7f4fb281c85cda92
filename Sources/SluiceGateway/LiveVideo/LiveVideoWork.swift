import Logging
import NIOCore
import SluiceRouting
import SluiceTypes
import SluiceWire
import Synchronization

/// One stream's way from worker to worker, until its publisher has gone: carries out what `LiveVideoCast` orders.
struct LiveVideoWork: Sendable {
    let stage: LiveVideoStage
    /// `nil` for a job, which is there before its publisher.
    let live: LiveStream?
    let stream: LiveVideoStream
    let output: LiveVideoOutput
    /// What happens to workers, told by whoever sees it. Bounded by the workers: a handful for each.
    let events: AsyncStream<LiveVideoCast.Event>
    let tell: AsyncStream<LiveVideoCast.Event>.Continuation
    private static let standbyPauses = 5
    private let sequence = Sequence()

    private final class Sequence: Sendable {
        private let next = Atomic<Int64>(0)
        func take() -> SegmentSequence { SegmentSequence(next.wrappingAdd(1, ordering: .relaxed).oldValue) }
    }

    /// The publisher has gone, or nobody wants it any more.
    var isOver: Bool { (live?.pipeline.isFinished ?? stream.feeds.isEnded) || stream.isStopped }

    private var hasOutput: Bool { stream.request.order.job?.makesVideo ?? true }

    func run() async {
        let (fills, fill) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            if hasOutput { group.addTask { await self.readSource() } }
            group.addTask { for await _ in fills { await self.goOnFilling() } }
            group.addTask {
                // Returns at the end of the input.
                _ = await self.stream.feeds.next(after: .max)
                self.tell.finish()
            }
            // Without pictures there is nothing that a second worker could go on with.
            var cast = LiveVideoCast(standby: hasOutput ? stage.settings.standby : .none)
            var leaves: [Int: Gate] = [:]
            tell.yield(.begin)
            for await event in events {
                if case .ended(let line) = event { leaves[line] = nil }
                let orders = cast.happened(event)
                note(cast)
                for order in orders {
                    switch order {
                    case .start(let line, let avoided, let isStrict, let afterPause):
                        let leave = Gate()
                        leaves[line] = leave
                        group.addTask { await self.work(line, avoiding: avoided, isStrict, afterPause, until: leave) }
                    case .leave(let line): leaves[line]?.open()
                    case .air(let line, let isUrgent): await output.arm(line, isUrgent: isUrgent)
                    case .fill: if await output.fill() { fill.yield() }
                    }
                }
            }
            // Workers see the end of the input, and what they still have is let home.
            fill.finish()
        }
    }

    private func note(_ cast: LiveVideoCast) {
        stream.note(line: cast.currentLine)
        let (current, standby) = (cast.currentOrchestrator, cast.standbyOrchestrator)
        let status = stream.status
        guard status.orchestrator != current && current != nil || status.standby != standby else { return }
        stream.note { status in
            status.orchestrator = current ?? status.orchestrator
            status.standby = standby
        }
    }

    // MARK: The source, and the time between

    /// The source's own packets: its sound goes with a worker's pictures, its pictures between workers, its clock tells how late they are.
    private func readSource() async {
        var number: Int?
        while let place = await stream.feeds.next(after: number) {
            number = place.number
            await output.beginSource()
            do {
                for try await piece in place.feed.pieces() { try await output.takeSource(piece) }
                try await output.takeSource(nil)
            } catch let error as TransportStreamError {
                stage.log(stream, "the source's own sound and pictures are left out of a segment", ["error": "\(error)"])
            } catch {
                // A segment that broke off, or the end.
                if Task.isCancelled { return }
            }
        }
    }

    private func goOnFilling() async {
        while !isOver, await output.goOn() {
            do { try await Task.sleep(for: LiveVideoOutput.fillStep) } catch { return }
        }
    }

    // MARK: Workers

    /// One line: through routing's choice, and those that take its place when it does not start, to the end of one that showed something.
    private func work(_ line: Int, avoiding: OrchestratorID?, _ isStrict: Bool, _ afterPause: Bool, until leave: Gate) async {
        // A standby that is not to be had is looked for more seldom: nobody waits for it.
        if afterPause { await pause(avoiding != nil && !isStrict ? stage.settings.pause * Self.standbyPauses : stage.settings.pause) }
        if !isOver, !leave.isPassed { await serve(line, avoiding, isStrict, leave) }
        await output.close(line)
        tell.yield(.ended(line))
    }

    private func serve(_ line: Int, _ avoided: OrchestratorID?, _ isStrict: Bool, _ leave: Gate) async {
        let begun = wallClockNanoseconds()
        var wishes: [(OrchestratorID) -> Bool] = [{ $0 != avoided }]
        // Rather the same one again than nobody.
        if avoided != nil, !isStrict { wishes.append { $0 == avoided } }
        for wish in wishes {
            let start = LiveVideoStart(stream, sequence.take(), route: stage.route)
            while !isOver, !leave.isPassed, let orchestrator = start.next({ wish($0) && isWanted($0) }) {
                if await attempt(line, at: orchestrator, start, leave) { return start.cancel() }
            }
            start.cancel()
        }
        if !isOver, !leave.isPassed {
            let what = isStrict ? "no other orchestrator" : "no orchestrator"
            let kind = stream.isJob ? "capability" : "model"
            // Where somebody said why, that says more.
            if !stream.isJob || stream.status.lastErrorTime < begun {
                stream.note { $0.fail("\(what) has the \(kind) '\(stream.request.order.model)' at the moment") }
            }
            stream.settled.open()
        }
    }

    /// - Returns: whether the line is over: it was left, or it had shown something.
    private func attempt(_ line: Int, at orchestrator: OrchestratorID, _ start: LiveVideoStart, _ leave: Gate) async -> Bool {
        let begun = ContinuousClock.now
        do {
            if let complaint = try await session(line, at: orchestrator, start, leave), !isOver {
                stage.route.broke(orchestrator, of: stream.output, complaint, since: begun)
            }
            return true
        } catch {
            if isOver || leave.isPassed { return true }
            let failure = error as? SegmentFailure ?? SegmentFailure(.transcodeFailed, "\(orchestrator): \(error)")
            let isServing = stream.status.standby != orchestrator
            stream.note { status in
                status.fail("\(failure)")
                if isServing, status.showing != .worker { status.phase = .searching }
            }
            stage.logger.warning(
                "live video", metadata: ["stream": "\(stream.source)", "orchestrator": "\(orchestrator)", "error": "\(failure)"])
            guard start.isOver else {
                start.tell(.failed(failure))
                return false
            }
            // It had shown something.
            stage.route.broke(orchestrator, of: stream.output, failure, since: begun)
            return true
        }
    }

    private func isWanted(_ orchestrator: OrchestratorID) -> Bool {
        if let job = stream.request.order.job { return job.allows(orchestrator) }
        return stream.request.order.orchestrator.map { orchestrator.rawValue.contains($0) } ?? true
    }

    private func pause(_ length: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: length) }
            group.addTask { [stream] in _ = await stream.feeds.next(after: .max) }
            await group.next()
            group.cancelAll()
        }
    }

    /// - Returns: what is to be said against it, where it was left for a reason of its own.
    private func session(
        _ line: Int, at orchestrator: OrchestratorID, _ start: LiveVideoStart, _ leave: Gate
    ) async throws -> SegmentFailure? {
        stream.note { if $0.showing != .worker { $0.phase = .starting } }
        let request = stream.current
        let complaint = Mutex<SegmentFailure?>(nil)
        try await stage.transport.session(request, at: orchestrator) { channels in
            start.tell(.accepted)
            start.tell(.transcoded)
            tell.yield(.placed(line, orchestrator))
            stream.note { $0.manifest = channels.manifest }
            stream.placed()
            // The time to a job's first picture is its publisher's affair.
            @Sendable func home() { for event in [AttemptEvent.firstByte, .rendition(place: 0), .finished] { start.tell(event) } }
            if stream.isJob { home() }
            stage.log(stream, "session", ["orchestrator": "\(orchestrator)", "session": "\(channels.manifest)", "line": "\(line)"])
            await output.open(line)
            let meter = LiveVideoMeter(stream: stream, orchestrator: orchestrator, used: stage.used)
            defer { meter.tell() }
            let session = LiveVideoSession(
                work: self, line: line, orchestrator: orchestrator, channels: channels, started: request)
            let said = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await meter.run() }
                defer { group.cancelAll() }
                return try await session.run(until: leave) {
                    meter.begin()
                    if !stream.isJob { home() }
                }
            }
            complaint.withLock { $0 = said }
            if let calls = channels.calls, isOver, let answer = try? await calls.stop() { stream.note(stopped: answer) }
        }
        return complaint.withLock { $0 }
    }
}
