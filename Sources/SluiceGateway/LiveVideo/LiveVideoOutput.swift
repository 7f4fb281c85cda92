import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire

/// What comes back from workers becomes packets of a stream of its own, which goes on when the worker changes: from picture to picture,
/// with the time between filled, and with sound.
///
/// Its calls of FFmpeg, few and short, run on a thread of its own.
actor LiveVideoOutput {
    struct Settings: Sendable {
        var between = LiveVideoBetween.hold
        var sound = LiveVideoSound.any
    }

    /// What bytes of a line brought.
    struct Taken: Sendable {
        var pictures = 0
        /// Of the newest of them behind the newest of the source; `nil` where that is not known.
        var lag: MediaTime?
    }

    /// Called on this actor's thread; must return at once.
    struct Listener: Sendable {
        var tookOver: @Sendable (_ line: Int, _ gap: Duration?) -> Void = { _, _ in }
        var shows: @Sendable (_ what: LiveVideoStatus.Showing, _ sound: String?) -> Void = { _, _ in }
        var warn: @Sendable (String) -> Void = { _ in }
    }

    /// Between pictures that are held.
    static let fillStep: Duration = .milliseconds(40)
    /// Samples of AAC.
    private static let soundFrame: Int64 = 1024

    nonisolated let thread: MediaThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    let settings: Settings
    private let listener: Listener
    private let sink: OutputSink
    private var mix = OutputMix()
    var lines: [Int: OutputLine] = [:]
    private var joint: OutputJoint?
    /// The next picture is the first of another line, or of what fills the time.
    private var isJoining = false
    var source: SourceShelf
    private var filling: Filling?
    /// Half a frame behind the begin of the last one.
    private var soundEnd: MediaTime?
    /// Of the first picture.
    private var beginning: MediaTime?
    /// When a worker's picture was last shown.
    private var lastShown: ContinuousClock.Instant?
    private var told: (LiveVideoStatus.Showing, String?)?
    private(set) var frames = 0

    private struct Filling {
        /// Where the stream was, and when: it goes on from there at the pace of time.
        let from: MediaTime
        let since: ContinuousClock.Instant
        /// To hold the last picture; the source's pictures without.
        var still: PictureBridge?
        var joint: OutputJoint?
        var next: MediaTime
    }

    /// - Parameter sinks: makes those that get the packets, the stream's own first; called once on this actor's thread.
    init(settings: Settings, listener: Listener = .init(), sinks: @escaping @Sendable () -> [any PacketSink]) throws(MediaError) {
        thread = try MediaThread(named: "live-video")
        self.settings = settings
        self.listener = listener
        sink = OutputSink(sinks)
        source = SourceShelf(takesSound: settings.sound != .none, keepsPictures: settings.between == .raw)
    }

    // MARK: Lines

    func open(_ line: Int) { lines[line] = OutputLine(takesSound: settings.sound.mayBeWorker) }

    /// The bytes of another segment follow.
    func begin(_ line: Int) { lines[line]?.begin(near: near ?? .zero) }

    /// - Parameter bytes: `nil` at a segment's end.
    /// - Throws: `TransportStreamError`; the next segment is none the worse for it.
    func take(_ bytes: ByteBuffer?, of line: Int, at now: ContinuousClock.Instant = .now) throws -> Taken {
        guard lines[line] != nil else { return Taken() }
        let packets = try lines[line]?.take(bytes, near: near) ?? []
        var taken = Taken()
        for packet in packets {
            lines[line]?.keep(packet)
            guard packet.track == .video else {
                if mix.onAir == .worker(line) { pass(sound: packet, of: line) }
                continue
            }
            taken.pictures += 1
            picture(packet, of: line, now)
        }
        if let newest = source.newest, let mine = lines[line]?.newest { taken.lag = newest - mine }
        return taken
    }

    /// The line ends; what it showed last may still be held.
    func close(_ line: Int) {
        lines[line]?.isClosed = true
        mix.vacate(line)
        if mix.onAir == .nobody, filling == nil { tell() }
        dropClosed()
    }

    /// The line is to take over: at once, where the one on air has failed.
    func arm(_ line: Int, isUrgent: Bool, at now: ContinuousClock.Instant = .now) {
        mix.arm(line, isUrgent: isUrgent)
        guard isUrgent, let newest = lines[line]?.newest else { return }
        settle(mix.picture(of: line, at: newest, from: lines[line]?.start, now: now), line, nil, now)
    }

    private var near: MediaTime? { source.newest ?? mix.last }

    private func picture(_ packet: EncodedPacket, of line: Int, _ now: ContinuousClock.Instant) {
        settle(mix.picture(of: line, at: packet.pts, from: lines[line]?.start, now: now), line, packet, now)
    }

    private func settle(_ verdict: OutputMix.Verdict, _ line: Int, _ packet: EncodedPacket?, _ now: ContinuousClock.Instant) {
        switch verdict {
        case .keep: return
        case .pass: if let packet { pass(picture: packet, of: line, now) }
        case .takeOver: takeOver(line, now)
        }
    }

    private func takeOver(_ line: Int, _ now: ContinuousClock.Instant) {
        guard let taking = lines[line] else { return }
        let gap = onAirLast == line ? nil : lastShown.map { $0.duration(to: now) }
        joint = shownTo.map { OutputJoint(floor: $0) }
        filling = nil
        isJoining = true
        listener.tookOver(line, gap)
        if beginning == nil { beginning = taking.start }
        for packet in taking.group { pass(picture: packet, of: line, now) }
        for packet in taking.sounds { pass(sound: packet, of: line) }
        dropClosed(besides: line)
        tell()
    }

    /// Of the pictures that went out; `nil` before the first.
    private(set) var shownTo: MediaTime?

    private func dropClosed(besides line: Int? = nil) {
        // The newest that was on air keeps its picture until another is.
        for (number, one) in lines where one.isClosed && number != line && (line != nil || number != onAirLast) { lines[number] = nil }
    }

    private var onAirLast: Int?

    // MARK: Out

    private func pass(picture packet: EncodedPacket, of line: Int, _ now: ContinuousClock.Instant) {
        guard let video = lines[line]?.video else { return }
        onAirLast = line
        if var joint = self.joint {
            self.joint = nil
            let made = joint.take(packet, video)
            if let fault = joint.takeFault() { listener.warn("a key frame is waited for: \(fault)") }
            if !joint.isOver { self.joint = joint }
            guard let made else { return }
            show(made.packets, made.video)
        } else {
            show([packet], video)
        }
        lastShown = now
    }

    private func show(_ packets: [EncodedPacket], _ video: VideoParameters) {
        guard !packets.isEmpty else { return }
        if isJoining || sink.isNew(video) {
            isJoining = false
            // Both tracks change with the same key frame.
            if let audio = soundParameters { sink.configure(audio) }
            sink.configure(video)
        }
        for packet in packets {
            sink.consume(packet)
            shownTo = max(shownTo ?? packet.pts, packet.pts)
            frames += 1
        }
        passSourceSound()
        tell()
    }

    private var onAir: OutputLine? {
        guard case .worker(let line) = mix.onAir else { return nil }
        return lines[line]
    }

    private var isSourceHeard: Bool {
        switch settings.sound {
        case .none: false
        case .source: true
        case .worker: filling != nil && filling?.still == nil
        case .any: onAir?.hasSound != true
        }
    }

    private var soundParameters: AudioParameters? { isSourceHeard ? source.line.audio : onAir?.audio }

    private func pass(sound packet: EncodedPacket, of line: Int) {
        guard !isSourceHeard, !isJoining, let audio = lines[line]?.audio, shownTo != nil else { return }
        send(sound: packet, audio)
    }

    /// As late as the pictures.
    private func passSourceSound() {
        // Where nobody shows anything it waits, so that it does not change before the pictures do.
        guard isSourceHeard, !isJoining, onAir != nil || filling != nil, let shownTo, let audio = source.line.audio else { return }
        for packet in source.takeSounds(until: shownTo) { send(sound: packet, audio) }
    }

    private func send(sound packet: EncodedPacket, _ audio: AudioParameters) {
        // Not twice, and not from before what is seen.
        guard packet.pts > soundEnd ?? beginning ?? packet.pts else { return }
        if sink.isNew(audio) { sink.configure(audio) }
        // Frames of another clock are not laid over the last one.
        soundEnd = packet.pts + MediaTime(ticks: Self.soundFrame * MediaTime.ticksPerSecond / Int64(max(1, audio.sampleRate)) / 2)
        sink.consume(packet)
    }

    private func tell() {
        let now: LiveVideoStatus.Showing =
            if let filling { filling.still == nil ? .source : .still } else if onAir != nil { .worker } else { .nothing }
        let sound = soundParameters == nil ? nil : isSourceHeard ? "source" : "worker"
        if let told, told == (now, sound) { return }
        told = (now, sound)
        listener.shows(now, sound)
    }

    // MARK: The source

    func beginSource() { source.begin(near: near ?? .zero) }

    func takeSource(_ bytes: ByteBuffer?) throws {
        // One that gives no pictures yet gives no sound either: there is nothing to go with.
        try source.take(bytes, shownTo: shownTo)
        if shownTo != nil { passSourceSound() }
    }

    // MARK: Between workers

    /// The worker on air delivers nothing: what the settings say goes on in its place, until one delivers again.
    ///
    /// - Returns: whether `goOn` is to be called, every `fillStep`.
    func fill(at now: ContinuousClock.Instant = .now) -> Bool {
        guard settings.between != .gap, filling == nil, let shownTo, let lastShown, mix.fill() else { return false }
        var filling = Filling(from: shownTo, since: lastShown, next: shownTo)
        if settings.between == .hold {
            guard let still = lastPicture() else { return false }
            filling.still = still
        } else {
            filling.joint = OutputJoint(floor: shownTo)
            source.rewind()
        }
        joint = nil
        isJoining = true
        self.filling = filling
        return goOn(at: now)
    }

    private func lastPicture() -> PictureBridge? {
        if let bridge = joint?.pictures, bridge.hasPicture { return bridge }
        guard let line = onAirLast.flatMap({ lines[$0] }), let video = line.video, !line.group.isEmpty else { return nil }
        do throws(MediaError) {
            let bridge = try PictureBridge(video)
            for packet in line.group { _ = try bridge.take(packet, after: nil) }
            return bridge.hasPicture ? bridge : nil
        } catch {
            listener.warn("the last picture cannot be held: \(error)")
            return nil
        }
    }

    /// - Returns: `false` when the time is no longer filled.
    func goOn(at now: ContinuousClock.Instant = .now) -> Bool {
        guard var filling else { return false }
        guard !mix.isFillHalted else { return true }
        let due = filling.from + MediaTime(seconds: filling.since.duration(to: now).inSeconds)
        self.filling = nil
        if let still = filling.still {
            // What cannot be held once cannot be held the next time either.
            guard hold(still, &filling, until: due) else {
                tell()
                return false
            }
        } else {
            raw(&filling, until: due)
        }
        self.filling = filling
        if let shownTo { mix.filled(to: shownTo) }
        passSourceSound()
        tell()
        return true
    }

    /// - Returns: `false` when it cannot be held any more.
    private func hold(_ still: PictureBridge, _ filling: inout Filling, until due: MediaTime) -> Bool {
        let step = MediaTime(seconds: Self.fillStep.inSeconds)
        while filling.next + step <= due {
            filling.next = filling.next + step
            do throws(MediaError) {
                let packets = try still.still(at: filling.next)
                if let video = still.video { fillShow(packets, video) }
            } catch {
                listener.warn("the last picture is not held any more: \(error)")
                return false
            }
        }
        return true
    }

    private func raw(_ filling: inout Filling, until due: MediaTime) {
        for packet in source.takePictures(until: due) {
            guard let video = source.line.video else { continue }
            if var joint = filling.joint {
                filling.joint = nil
                let made = joint.take(packet, video)
                if let fault = joint.takeFault() { listener.warn("the source's next key frame is waited for: \(fault)") }
                if !joint.isOver { filling.joint = joint }
                if let made { fillShow(made.packets, made.video) }
            } else {
                fillShow([packet], video)
            }
        }
    }

    private func fillShow(_ packets: [EncodedPacket], _ video: VideoParameters) {
        guard !packets.isEmpty else { return }
        if isJoining || sink.isNew(video) {
            isJoining = false
            if settings.sound != .none, settings.sound != .worker || settings.between == .raw, let audio = source.line.audio {
                sink.configure(audio)
            }
            sink.configure(video)
        }
        for packet in packets {
            sink.consume(packet)
            shownTo = max(shownTo ?? packet.pts, packet.pts)
        }
    }

    /// The stream is over.
    func finish(isLost: Bool) {
        filling = nil
        sink.finish(isLost: isLost)
    }
}
