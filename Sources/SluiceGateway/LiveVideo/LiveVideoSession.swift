import Logging
import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// One session with a worker: four channels, each with a task of its own, and a watch over them.
struct LiveVideoSession: Sendable {
    /// In which segments the worker may be behind; the reference's (specs/live-ai-protocol §6.1).
    private static let mostInFlight = 3
    /// As the reference: workers take silence for an end.
    private static let keepAliveTime: Duration = .seconds(10)
    private static let longestEvent = 64 << 10
    /// Of events kept by kind: workers have a handful.
    private static let mostKinds = 32
    /// For what the worker still has when the publisher has gone.
    private static let drainTime: Duration = .milliseconds(500)
    private static let lookInterval: Duration = .milliseconds(50)
    /// How often it is asked whether the operator still wants this orchestrator.
    private static let offerInterval: Duration = .seconds(1)

    private enum End { case publisherGone, outputEnded, inputEnded, left }

    private struct Seen {
        var pace = WorkerPace()
        /// Why somebody else is looked for; told once.
        var complaint: SegmentFailure?
        /// Of a silence, until its next picture.
        var isSilent = false
    }

    let work: LiveVideoWork
    let line: Int
    let orchestrator: OrchestratorID
    let channels: LiveVideoChannels
    /// What it was started with.
    let started: LiveVideoRequest
    private let begun = ContinuousClock.now
    private let seen = Box()

    private final class Box: Sendable { let state = Mutex(Seen()) }

    init(work: LiveVideoWork, line: Int, orchestrator: OrchestratorID, channels: LiveVideoChannels, started: LiveVideoRequest) {
        self.work = work
        self.line = line
        self.orchestrator = orchestrator
        self.channels = channels
        self.started = started
    }

    /// Returns when the publisher has gone, or the worker is to be left.
    ///
    /// - Parameters:
    ///   - leave: opened by who wants it left, and here at the end.
    ///   - firstPicture: called once, with the first that comes.
    /// - Returns: what it was left for, where that was its fault.
    /// - Throws: why it is to go on elsewhere.
    func run(until leave: Gate, _ firstPicture: @escaping @Sendable () -> Void) async throws -> SegmentFailure? {
        let messages = work.stream.messages(for: line)
        defer { work.stream.endMessages(for: line) }
        return try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                await leave.opened()
                return .left
            }
            if let input = channels.input { group.addTask { try await self.feed(input) } }
            if let output = channels.output {
                group.addTask { try await self.read(output, firstPicture) }
            } else {
                // It is at work as soon as it is there.
                firstPicture()
                work.stream.note { $0.phase = .online }
                for event in [LiveVideoCast.Event.showed(line), .tookOver(line)] { work.tell.yield(event) }
            }
            if let data = channels.data { group.addTask { try await self.readData(data) } }
            group.addTask { try await self.control(messages) }
            group.addTask { try await self.listen() }
            group.addTask { try await self.watch() }
            defer {
                leave.open()
                group.cancelAll()
            }
            while let end = try await group.next() {
                switch end {
                case .left: return seen.state.withLock { $0.complaint }
                case .publisherGone, .inputEnded:
                    // What is on its way is let home, unless somebody wants it stopped now.
                    if !(work.stream.isJob && work.stream.isStopped) { try? await Task.sleep(for: Self.drainTime) }
                    return nil
                case .outputEnded:
                    throw SegmentFailure(.transcodeFailed, "the worker's output has ended")
                }
            }
            return nil
        }
    }

    // MARK: There

    private func feed(_ input: any TricklePublisher) async throws -> End {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var number: Int?
            var inFlight = 0
            // The newest from its first byte on: a worker begins at a key frame.
            while let place = await work.stream.feeds.next(after: number) {
                number = place.number
                if inFlight == Self.mostInFlight {
                    try await group.next()
                    inFlight -= 1
                }
                let segment = try await input.open()
                do {
                    for try await piece in place.feed.pieces() {
                        try await segment.write(piece)
                        seen.state.withLock { $0.pace.input(at: .now) }
                    }
                } catch let failure as SegmentFailure where Self.isOfSource(failure) {
                    // A source segment that broke off, or grew too large, is cut short there too: no fault of the worker's.
                }
                group.addTask { try await segment.finish() }
                inFlight += 1
            }
            try await group.waitForAll()
        }
        return .inputEnded
    }

    /// Whether a segment's end is its publisher's doing.
    static func isOfSource(_ failure: SegmentFailure) -> Bool { failure.reason == .cancelled || failure.reason == .mediaUnusable }

    // MARK: And back

    private func read(_ output: any TrickleSubscriber, _ firstPicture: @Sendable () -> Void) async throws -> End {
        var hasShown = false
        while let segment = try await output.next() {
            await work.output.begin(line)
            do {
                while let bytes = try await segment.next() {
                    let taken = try await work.output.take(bytes, of: line)
                    guard taken.pictures > 0 else { continue }
                    let now = ContinuousClock.now
                    heard(taken.lag, at: now)
                    if !hasShown {
                        hasShown = true
                        firstPicture()
                        let waited = begun.duration(to: now).inMilliseconds
                        work.stream.note { $0.firstPictureMs = waited }
                        work.tell.yield(.showed(line))
                        work.stage.log(work.stream, "first picture", ["afterMs": "\(Int(waited))"])
                    }
                    let frames = await work.output.frames
                    work.stream.count(frames)
                }
                _ = try await work.output.take(nil, of: line)
            } catch let error as TransportStreamError {
                // The rest of this segment is lost, and no more.
                work.stage.logger.info(
                    "live video", metadata: ["stream": "\(work.stream.source)", "segment": "\(segment.sequence)", "error": "\(error)"])
            } catch TrickleFailure.cut(let why) {
                work.stage.logger.info(
                    "live video", metadata: ["stream": "\(work.stream.source)", "segment": "\(segment.sequence)", "cut": "\(why)"])
                // A worker that ends in the middle of its segment seldom comes back; if it does, there is no harm done.
                complain(SegmentFailure(.transcodeFailed, "the worker's output broke off"), isSilent: true)
            }
        }
        return .outputEnded
    }

    /// Of two workers the one that works for viewers is heard.
    private func readData(_ data: any TrickleSubscriber) async throws -> End {
        do {
            while let segment = try await data.next() {
                var cutter = DataLines.Cutter()
                do {
                    while let piece = try await segment.next() {
                        if work.stream.line == line { cutter.take(piece, work.stream.data) }
                    }
                    cutter.finish(work.stream.data)
                } catch TrickleFailure.cut {
                    // Half a line is none.
                }
            }
        } catch let failure as TrickleFailure {
            work.stage.logger.info("live video", metadata: ["stream": "\(work.stream.source)", "data": "\(failure)"])
        }
        return try await silentEnd("data")
    }

    /// What tells no more is no reason to leave where pictures tell more.
    private func silentEnd(_ what: String) async throws -> End {
        if channels.output == nil { throw SegmentFailure(.transcodeFailed, "the worker's \(what) channel has ended") }
        return try await forever()
    }

    private func forever() async throws -> End {
        while true { try await Task.sleep(for: Self.keepAliveTime) }
    }

    // MARK: Words

    private func control(_ messages: AsyncStream<LiveVideoStream.Message>) async throws -> End {
        let queue = SerialControl(channel: channels.control)
        let calls = channels.calls
        @Sendable func tell(_ text: String) async throws -> WorkerAnswer? {
            if let calls { return try await calls.update(text) }
            try await queue.say(text)
            return nil
        }
        // Looked at once messages come: whatever changed before then is said here.
        let parameters = work.stream.current.order.parameters
        if parameters != started.order.parameters { _ = try await tell(parameters) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.keepAliveTime)
                    try await queue.say(LiveVideoForms.keepAlive)
                }
            }
            group.addTask {
                for await message in messages {
                    do { message.done(.success(try await tell(message.text))) } catch {
                        message.done(.failure(error))
                        // A worker that does not answer a call may work all the same; a channel that cannot be written is gone.
                        if calls == nil { throw error }
                    }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        throw CancellationError()
    }

    private func listen() async throws -> End {
        guard let channel = channels.events else { return try await forever() }
        do {
            while let segment = try await channel.next() {
                let text = String(buffer: try await segment.collect(upTo: Self.longestEvent))
                guard let tree = try? JSONTree(parsing: text.utf8) else { continue }
                // ai-runner says it in the event, pytrickle around it.
                let event = tree["event"] ?? tree
                let kind = event["type"]?.string ?? tree["queue_event_type"]?.string ?? "event"
                work.stream.note { status in
                    if status.events[kind] != nil || status.events.count < Self.mostKinds { status.events[kind] = event.text }
                }
            }
        } catch let failure as TrickleFailure {
            work.stage.logger.info("live video", metadata: ["stream": "\(work.stream.source)", "events": "\(failure)"])
        }
        return try await silentEnd("events")
    }

    // MARK: Watch

    /// Somebody else is to be found, while this one goes on with what it can.
    private func complain(_ failure: SegmentFailure, isSilent: Bool) {
        let isFirst = seen.state.withLock { seen in
            defer { seen.complaint = failure }
            seen.isSilent = seen.isSilent || isSilent
            return seen.complaint == nil
        }
        if isFirst {
            work.stream.note { $0.fail("\(failure)") }
            work.stage.log(work.stream, "another worker is looked for", ["line": "\(line)", "reason": "\(failure)"])
        }
        work.tell.yield(.uneasy(line, isSilent: isSilent))
    }

    private func heard(_ lag: MediaTime?, at now: ContinuousClock.Instant) {
        let wasSilent = seen.state.withLock { seen in
            seen.pace.picture(lag: lag, at: now)
            guard seen.isSilent else { return false }
            (seen.isSilent, seen.complaint) = (false, nil)
            return true
        }
        if wasSilent { work.tell.yield(.well(line)) }
    }

    private func watch() async throws -> End {
        let settings = work.stage.settings
        var asked = begun
        while !work.isOver {
            try await Task.sleep(for: Self.lookInterval)
            let now = ContinuousClock.now
            let (pace, isSilent, hasComplaint) = seen.state.withLock { ($0.pace, $0.isSilent, $0.complaint != nil) }
            if channels.output != nil, !pace.hasShown {
                // A job may begin long before its publisher.
                let waited = channels.input != nil && work.stream.isJob ? pace.silence(at: now) ?? .zero : begun.duration(to: now)
                if waited > settings.firstPictureTime {
                    throw SegmentFailure(.timedOut, "no picture within \(settings.firstPictureTime)")
                }
                continue
            }
            // Where nothing goes in, nothing can come out.
            let silence = channels.output == nil ? .zero : pace.silence(at: now) ?? .zero
            if silence > settings.stallTime { throw SegmentFailure(.timedOut, "no picture for \(silence)") }
            if !isSilent, silence > pace.threshold(most: settings.stallTime) {
                complain(SegmentFailure(.timedOut, "no picture for \(silence), which is unusual"), isSilent: true)
            }
            if pace.isSlow(at: now), !hasComplaint {
                complain(SegmentFailure(.timedOut, "it falls behind"), isSilent: false)
            }
            guard asked.duration(to: now) >= Self.offerInterval else { continue }
            asked = now
            guard !work.stage.route.isOffered(orchestrator) else { continue }
            work.tell.yield(.uneasy(line, isSilent: false))
        }
        return .publisherGone
    }
}

/// A control channel that several write to, one message after another.
private actor SerialControl {
    private let channel: any TricklePublisher
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(channel: any TricklePublisher) { self.channel = channel }

    func say(_ text: String) async throws {
        while isBusy { await withCheckedContinuation { waiting.append($0) } }
        isBusy = true
        defer {
            isBusy = false
            let next = waiting
            waiting = []
            for one in next { one.resume() }
        }
        let segment = try await channel.open()
        try await segment.write(ByteBuffer(string: text))
        try await segment.finish()
    }
}
