import Logging
import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire
import Synchronization

/// One rendition's way into parts, segment after segment: those of a streamed one leave while it is still being made, one that comes
/// whole is read on a media thread.
///
/// Called from the threads that bring the bytes, and by the lane once for each segment with what came of it; all under one lock, which
/// is held for as long as a picture takes to be copied.
final class RenditionLine: Sendable {
    /// What one attempt at a segment that is being cut has to say.
    enum Event: Sendable {
        case bytes(ByteBuffer)
        case complete
        /// It delivers nothing more. One that is broken delivered something wrong: what went on of it is not trusted to go on.
        case lost(isBroken: Bool)
        /// It has delivered nothing for too long.
        case stalled
    }

    private struct Waiting {
        var segment: SegmentSequence
        var attempt: Int
        var event: Event
    }

    /// The segment whose parts are leaving.
    private struct Open {
        var rendition: StreamedRendition
        /// As they were before this segment, for one of which nothing went out after all.
        var packager: RenditionPackager
        var coding: MediaCoding?
        var published = 0
        var hasBegun = false
        /// The rest of it will be missing.
        var isBroken = false
    }

    private struct State {
        var packager = RenditionPackager()
        var coding: MediaCoding?
        var open: Open?
        /// What came before its turn, which is when the segment before is done and the source's first part has left.
        var waiting: [Waiting] = []
        var waitingSize = 0
        /// The last segment that is done.
        var done: SegmentSequence?
        /// The last one of which it is known what came of it: nothing more is heard of it.
        var closed: SegmentSequence?
        /// A segment that goes whole: its parts did not fit.
        var refused: SegmentSequence?
        /// Attempts at the open segment that are to be given up, and do not know it yet.
        var blamed: [Int: SegmentFailure] = [:]
    }

    /// Bytes that wait for their turn: as much as one segment of 25 Mbit/s. What is more goes whole.
    private static let mostWaiting = 8 << 20

    private let index: Int
    private let profile: TranscodeProfile
    private let output: LowLatencyOutput
    private let metrics: GatewayMetrics
    private let logger: Logger
    private let state = Mutex(State())

    init(index: Int, profile: TranscodeProfile, output: LowLatencyOutput, metrics: GatewayMetrics, logger: Logger) {
        self.index = index
        self.profile = profile
        self.output = output
        self.metrics = metrics
        self.logger = logger
    }

    /// - Returns: why the attempt is to be given up, and blamed.
    func take(_ event: Event, of attempt: Int, at segment: SegmentSequence) -> SegmentFailure? {
        state.withLock { state in
            guard state.refused != segment, state.closed.map({ segment > $0 }) ?? true else { return nil }
            state.waiting.append(Waiting(segment: segment, attempt: attempt, event: event))
            if case .bytes(let bytes) = event { state.waitingSize += bytes.readableBytes }
            if state.waitingSize > Self.mostWaiting { refuse(segment, &state) }
            work(&state)
            return state.blamed.removeValue(forKey: attempt)
        }
    }

    /// Decode time of the segment's last picture that went on, as its sender counts: from there on another would have to go on.
    func reached(in segment: SegmentSequence) -> Int64? {
        state.withLock { $0.open?.rendition.segment == segment ? $0.open?.rendition.reached : nil }
    }

    // MARK: Streamed

    private func work(_ state: inout State) {
        guard let done = state.done, let first = state.waiting.first, first.segment == done.next,
            let schedule = output.schedule(of: first.segment), let start = schedule.parts.first?.start
        else { return }
        var count = 0
        for one in state.waiting {
            guard one.segment == schedule.segment else { break }
            count += 1
            if case .bytes(let bytes) = one.event { state.waitingSize -= bytes.readableBytes }
            if state.open == nil {
                let rendition = StreamedRendition(
                    segment: schedule.segment, start: start, profile: profile, before: state.coding?.tracks)
                state.open = Open(rendition: rendition, packager: state.packager, coding: state.coding)
            }
            happened(one, schedule, &state)
        }
        state.waiting.removeFirst(min(count, state.waiting.count))
    }

    private func happened(_ one: Waiting, _ schedule: SourceSchedule, _ state: inout State) {
        guard state.open?.isBroken == false else { return }
        do {
            switch one.event {
            case .bytes(let bytes):
                guard let passed = try state.open?.rendition.take(bytes, of: one.attempt) else { return }
                try pass(passed, schedule, &state)
            case .complete:
                guard let passed = try state.open?.rendition.complete(one.attempt) else { return }
                try pass(passed, schedule, &state)
            case .lost(let isBroken):
                state.open?.rendition.lose(one.attempt)
                if isBroken, state.open?.rendition.isLeading(one.attempt) == true { state.open?.isBroken = true }
            case .stalled: state.open?.rendition.stall(one.attempt)
            }
        } catch {
            let isFault = (error as? StreamedRendition.Objection)?.isFault ?? false
            logger.log(
                level: isFault ? .info : .debug, "rendition not taken in parts",
                metadata: ["rendition": "\(profile.name)", "segment": "\(one.segment)", "reason": "\(error)"])
            if isFault, state.open?.rendition.isLeading(one.attempt) == false {
                state.open?.rendition.lose(one.attempt)
            } else {
                state.open?.isBroken = true
            }
            if isFault {
                state.blamed[one.attempt] = SegmentFailure(
                    .protocolViolation, "rendition \(index) is no media: \(error)", castsDoubt: true)
            }
        }
    }

    private func pass(_ passed: [StreamedRendition.Passed], _ schedule: SourceSchedule, _ state: inout State) throws {
        guard !passed.isEmpty, var open = state.open else { return }
        state.open = nil
        defer { state.open = open }
        if !open.hasBegun {
            guard let tracks = open.rendition.tracks else { return }
            open.hasBegun = true
            let isContinuous = schedule.entries.first?.startsDiscontinuity == false
            if let initialization = try state.packager.begin(
                video: tracks.video, audio: tracks.audio, starts: schedule.cuts, isContinuous: isContinuous)
            {
                state.coding = MediaCoding(rendition: profile.name, tracks, initialization: initialization)
            }
        }
        guard let coding = state.coding else { return }
        state.packager.cut(schedule.cuts)
        for one in passed {
            state.packager.append(one.packet, isGapless: one.isGapless) { publish($0, schedule, coding, &open) }
        }
    }

    private func publish(
        _ part: RenditionPackager.Part, _ schedule: SourceSchedule, _ coding: MediaCoding, _ open: inout Open
    ) {
        guard !open.isBroken, output.publish(rendition: index, of: schedule, part, coding) else {
            open.isBroken = true
            return
        }
        open.published += 1
        metrics.partsStreamed.increment()
    }

    private func refuse(_ segment: SegmentSequence, _ state: inout State) {
        state.refused = segment
        state.waiting.removeAll { $0.segment == segment }
        state.waitingSize = state.waiting.reduce(0) { if case .bytes(let bytes) = $1.event { $0 + bytes.readableBytes } else { $0 } }
        state.open?.isBroken = true
    }

    // MARK: The end of a segment

    /// What came of a segment, in order; all of its parts stand in the playlist afterwards, or gaps.
    func finish(_ segment: Segment, _ content: PackagingLane.Content, _ media: MediaExecutor) async {
        let sequence = segment.sequence
        guard let schedule = output.schedule(of: sequence) else { return settle(sequence) }
        let before = state.withLock { state -> (RenditionPackager, MediaCoding?)? in
            work(&state)
            state.closed = max(state.closed ?? sequence, sequence)
            guard let open = state.open else { return (state.packager, state.coding) }
            if open.published == 0 {
                state.packager = open.packager
                state.coding = open.coding
                state.open = nil
                return (state.packager, state.coding)
            }
            end(content, schedule, &state)
            return nil
        }
        if let (packager, coding) = before { await takeWhole(segment, content, schedule, packager, coding, media) }
        settle(sequence)
    }

    /// The lane has ended, and the stream with it.
    func abandon() {
        state.withLock { state in
            guard let open = state.open, let schedule = output.schedule(of: open.rendition.segment) else { return }
            output.endBegun(rendition: index, of: schedule)
            state.open = nil
        }
    }

    /// The next one's turn.
    private func settle(_ sequence: SegmentSequence) {
        state.withLock { state in
            state.open = nil
            state.blamed = [:]
            state.closed = max(state.closed ?? sequence, sequence)
            state.done = state.closed
            state.waiting.removeAll { $0.segment <= sequence }
            state.waitingSize = state.waiting.reduce(0) { if case .bytes(let bytes) = $1.event { $0 + bytes.readableBytes } else { $0 } }
            work(&state)
        }
    }

    /// The end of a segment whose first parts are out already: what won brings the rest, as far as it can go on from there.
    private func end(_ content: PackagingLane.Content, _ schedule: SourceSchedule, _ state: inout State) {
        if state.open?.rendition.isComplete == false, state.open?.isBroken == false, case .media(let bytes, .mpegTS) = content {
            state.open?.rendition.loseAll(but: Self.winner)
            for event in [Event.bytes(bytes), .complete] {
                happened(Waiting(segment: schedule.segment, attempt: Self.winner, event: event), schedule, &state)
            }
        }
        guard var open = state.open else { return }
        state.open = nil
        if open.rendition.isComplete, !open.isBroken, let coding = state.coding {
            state.packager.endSegment { publish($0, schedule, coding, &open) }
        } else {
            state.packager.breakSegment()
        }
        if open.rendition.takeovers > 0 { metrics.renditionsTakenOver.increment(by: open.rendition.takeovers) }
        output.endBegun(rendition: index, of: schedule)
    }

    /// The attempt whose result won, in the form in which it came home.
    private static let winner = -1

    private func takeWhole(
        _ segment: Segment, _ content: PackagingLane.Content, _ schedule: SourceSchedule, _ packager: RenditionPackager,
        _ coding: MediaCoding?, _ media: MediaExecutor
    ) async {
        switch content {
        case .gap: output.publish(rendition: index, of: schedule, [:], nil)
        case .source: output.publishSource(as: index, of: schedule)
        case .media(let bytes, let container):
            let name = profile.name
            do {
                let (packager, coding, parts) = try await media.run {
                    var packager = packager
                    var coding = coding
                    let parts = try packager.takeWhole(bytes, container, name, schedule, &coding)
                    return (packager, coding, parts)
                }
                state.withLock { state in
                    state.packager = packager
                    state.coding = coding
                }
                output.publish(rendition: index, of: schedule, parts, coding)
            } catch {
                logger.warning(
                    "rendition not packaged",
                    metadata: ["rendition": "\(name)", "segment": "\(segment.sequence)", "error": "\(error)"])
                output.publish(rendition: index, of: schedule, [:], nil)
            }
        }
    }
}

extension RenditionPackager {
    /// Makes the parts of a whole segment.
    fileprivate mutating func takeWhole(
        _ bytes: ByteBuffer, _ container: SegmentContainer, _ name: String, _ schedule: SourceSchedule, _ coding: inout MediaCoding?
    ) throws -> [Int: Part] {
        let start = schedule.parts.first?.start ?? .zero
        let (format, packets) = try PackagingLane.read(bytes, container, near: start)
        let tracks = MediaCoding.Tracks(video: format.video, audio: format.audio)
        let isContinuous = schedule.entries.first?.startsDiscontinuity == false
        if let initialization = try begin(
            video: tracks.video, audio: tracks.audio, starts: schedule.parts.map(\.start), isContinuous: isContinuous)
        {
            coding = MediaCoding(rendition: name, tracks, initialization: initialization)
        }
        let leads: Track = format.video == nil ? .audio : .video
        let off = packets.first { $0.track == leads }.map { start - $0.pts } ?? .zero
        let shift = abs(off.ticks) > StreamedRendition.slack.ticks ? off : .zero
        var made: [Int: Part] = [:]
        for packet in packets {
            var packet = packet
            packet.pts = packet.pts + shift
            packet.dts = packet.dts + shift
            append(packet) { made[$0.index] = $0 }
        }
        endSegment { made[$0.index] = $0 }
        return made
    }
}
