import NIOCore
import SluiceRouting
import SluiceTypes
import SluiceWire

/// One rendition of one segment out of the bytes of those who deliver it while the segment is being cut: which frames come next.
struct StreamedRendition: Sendable {
    struct Passed: Sendable {
        var packet: EncodedPacket
        /// Whether it follows the frame that passed before it.
        var isGapless: Bool
    }

    struct Objection: Error, CustomStringConvertible {
        let description: String
        /// Whether the sender is to blame; else it is a coding that this way does not carry.
        let isFault: Bool
    }

    private struct Attempt {
        var demuxer: TransportStreamDemuxer
        var format: ElementaryFormat?
        /// What came before its codings were known, or its first picture.
        var early: [EncodedPacket] = []
        var isKnown = false
        var shift = MediaTime.zero
        /// Sound that waits for a picture to go on.
        var sounds: [EncodedPacket] = []
        var isComplete = false
        /// Nothing of it is taken any more.
        var isOut = false
    }

    /// Packets of one attempt before its first picture or its codings: a second of sound has fifty.
    private static let mostEarly = 256
    /// Of an attempt that waits for a place to go on: more than a second of sound.
    private static let mostSounds = 64
    /// Frames that are off by more than this were moved by their orchestrator, all of them.
    static let slack = MediaTime(milliseconds: 20)

    let segment: SegmentSequence
    private let start: MediaTime
    private let profile: TranscodeProfile
    /// Of the segment before.
    private let before: MediaCoding.Tracks?
    /// Known before the first frame passes.
    private(set) var tracks: MediaCoding.Tracks?
    private var attempts: [Int: Attempt] = [:]
    private var splice: RenditionSplice?

    /// - Parameter start: where the source segment begins.
    init(segment: SegmentSequence, start: MediaTime, profile: TranscodeProfile, before: MediaCoding.Tracks?) {
        self.segment = segment
        self.start = start
        self.profile = profile
        self.before = before
    }

    /// Whether all that the leading attempt had has passed.
    var isComplete: Bool { splice?.lead.flatMap { attempts[$0]?.isComplete } ?? false }
    var takeovers: Int { splice?.takeovers ?? 0 }
    func isLeading(_ attempt: Int) -> Bool { splice?.lead == attempt }

    /// Decode time of the last picture that passed, as its sender counts; on the 33-bit clock.
    var reached: Int64? {
        guard let splice, let lead = splice.lead, let reached = splice.reached else { return nil }
        return (reached - (attempts[lead]?.shift ?? .zero)).ticks & (1 << 33 - 1)
    }

    mutating func take(_ bytes: ByteBuffer, of attempt: Int) throws(Objection) -> [Passed] {
        try take(attempt) { (demuxer, emit) throws(TransportStreamError) in try demuxer.read(bytes, emit) }
    }

    /// All of the attempt's bytes have come.
    mutating func complete(_ attempt: Int) throws(Objection) -> [Passed] {
        let passed = try take(attempt) { (demuxer, emit) throws(TransportStreamError) in try demuxer.end(emit) }
        attempts[attempt]?.isComplete = true
        return passed
    }

    mutating func lose(_ attempt: Int) { splice?.lose(attempt) }
    mutating func stall(_ attempt: Int) { splice?.stall(attempt) }

    /// Nobody delivers any more but this one.
    mutating func loseAll(but attempt: Int) {
        for other in attempts.keys where other != attempt { splice?.lose(other) }
    }

    private mutating func take(
        _ number: Int, _ read: (inout TransportStreamDemuxer, (EncodedPacket) -> Void) throws(TransportStreamError) -> Void
    ) throws(Objection) -> [Passed] {
        var attempt = attempts[number] ?? Attempt(demuxer: TransportStreamDemuxer(near: start, unboundedEnd: .stuffing))
        // Out again at the end, so that nothing is copied.
        attempts[number] = nil
        defer { attempts[number] = attempt }
        guard !attempt.isOut else { return [] }
        var passed: [Passed] = []
        do {
            var packets: [EncodedPacket] = []
            try read(&attempt.demuxer) { packets.append($0) }
            for packet in packets { try take(packet, number, &attempt, &passed) }
        } catch let error as TransportStreamError {
            attempt.isOut = true
            throw Objection(description: "\(error)", isFault: !error.isUnsupported)
        } catch let objection as Objection {
            attempt.isOut = true
            throw objection
        } catch {
            attempt.isOut = true
            throw Objection(description: "\(error)", isFault: true)
        }
        return passed
    }

    private mutating func take(
        _ raw: EncodedPacket, _ number: Int, _ attempt: inout Attempt, _ passed: inout [Passed]
    ) throws(Objection) {
        var format = attempt.format ?? Self.format(attempt.demuxer)
        guard let packet = format.format(raw) else {
            throw Objection(description: "\(raw.track) at \(raw.dts) cannot be read", isFault: true)
        }
        attempt.format = format
        guard !attempt.isKnown else { return try pass(packet, number, &attempt, &passed) }
        guard attempt.early.count < Self.mostEarly else {
            throw Objection(description: "no codings in the first \(Self.mostEarly) packets", isFault: true)
        }
        attempt.early.append(packet)
        let leads: Track = attempt.demuxer.hasVideo ? .video : .audio
        guard let first = attempt.early.first(where: { $0.track == leads }), let tracks = tracks(of: attempt) else { return }
        attempt.isKnown = true
        if let known = self.tracks, known != tracks {
            // Its pictures need another initialization segment, which can only come with the next segment.
            attempt.isOut = true
            return
        }
        self.tracks = tracks
        if splice == nil { splice = RenditionSplice(leads: leads) }
        let off = start - first.pts
        attempt.shift = abs(off.ticks) > Self.slack.ticks ? off : .zero
        let early = attempt.early
        attempt.early = []
        for packet in early { try pass(packet, number, &attempt, &passed) }
    }

    private mutating func pass(
        _ packet: EncodedPacket, _ number: Int, _ attempt: inout Attempt, _ passed: inout [Passed]
    ) throws(Objection) {
        try check(attempt.format)
        var packet = packet
        packet.pts = packet.pts + attempt.shift
        packet.dts = packet.dts + attempt.shift
        let lead = splice?.lead
        switch verdict(on: packet, of: number) {
        case .isLeftOut: break
        case .waits:
            attempt.sounds.append(packet)
            if attempt.sounds.count > Self.mostSounds { attempt.sounds.removeFirst() }
        case .passes(let isGapless):
            passed.append(Passed(packet: packet, isGapless: isGapless))
            guard splice?.lead != lead else { return }
            for sound in attempt.sounds where verdict(on: sound, of: number) == .passes(isGapless: true) {
                passed.append(Passed(packet: sound, isGapless: true))
            }
            attempt.sounds = []
        }
    }

    private mutating func verdict(on packet: EncodedPacket, of number: Int) -> RenditionSplice.Verdict {
        var hasher = Hasher()
        packet.payload.withUnsafeReadableBytes { hasher.combine(bytes: $0) }
        let frame = RenditionSplice.Frame(track: packet.track, dts: packet.dts, isKey: packet.isKey, digest: hasher.finalize())
        return splice?.verdict(on: frame, of: number) ?? .isLeftOut
    }

    // MARK: Codings

    private static func format(_ demuxer: TransportStreamDemuxer) -> ElementaryFormat {
        ElementaryFormat(
            video: demuxer.videoCodec.map { VideoParameters(codec: $0, width: 0, height: 0) },
            audio: demuxer.hasAudio ? AudioParameters(codec: .aac, sampleRate: 0, channels: 0) : nil)
    }

    /// `nil` while they are not known. Sound comes behind the first picture, which is not to wait for it: it is taken for that of the
    /// segment before.
    private func tracks(of attempt: Attempt) -> MediaCoding.Tracks? {
        guard let format = attempt.format else { return nil }
        var tracks = MediaCoding.Tracks()
        if attempt.demuxer.hasVideo {
            guard let video = format.video, !video.configuration.isEmpty else { return nil }
            tracks.video = self.video(video)
        }
        if attempt.demuxer.hasAudio {
            guard let audio = format.audio else { return nil }
            guard !audio.configuration.isEmpty else {
                guard let before = before?.audio else { return nil }
                tracks.audio = before
                return tracks
            }
            tracks.audio = self.audio(audio)
        }
        return tracks
    }

    /// With what only a whole segment tells, as far as it is the coding of the one before.
    private func video(_ found: VideoParameters) -> VideoParameters {
        if let before = before?.video, before.codec == found.codec, before.configuration == found.configuration { return before }
        let set = found.codec == .h264 ? H264ParameterSet(avcConfiguration: found.configuration) : nil
        return VideoParameters(
            codec: found.codec, width: set?.width ?? before?.video?.width ?? profile.width,
            height: set?.height ?? before?.video?.height ?? profile.height, frameRate: profile.frameRate ?? before?.video?.frameRate,
            configuration: found.configuration)
    }

    private func audio(_ found: AudioParameters) -> AudioParameters {
        if let before = before?.audio, before.configuration == found.configuration { return before }
        let head = AudioSpecificConfig(found.configuration)
        return AudioParameters(
            codec: .aac, sampleRate: head?.sampleRate ?? 48_000, channels: head?.channels ?? 2, configuration: found.configuration)
    }

    /// Whether the codings are still those that the segment began with.
    private func check(_ format: ElementaryFormat?) throws(Objection) {
        let video = format?.video?.configuration ?? []
        let audio = format?.audio?.configuration ?? []
        guard video.isEmpty || video == tracks?.video?.configuration, audio.isEmpty || audio == tracks?.audio?.configuration else {
            throw Objection(description: "another coding begins within the segment", isFault: false)
        }
    }
}
