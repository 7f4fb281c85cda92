import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// Everything viewers can see of one stream. Outlives its publisher, so that a returning one goes on where it stopped.
package final class StreamOutput: Sendable {
    static let sourceName = "source"

    fileprivate struct State {
        var source: RenditionShelf
        var renditions: [RenditionShelf]
        var newest: SegmentSequence?
        var sourceVariant: Variant?
        var renditionVariants: [Variant?]
        var isEnded = false
        var sourceBytes = 0
        var renditionBytes = 0
    }

    let stream: StreamID
    let profiles: [TranscodeProfile]
    let recent = RecentSegments()
    /// `nil` where the gateway does not package for low latency.
    let lowLatency: LowLatencyOutput?
    private let witness: SegmentWitness?
    private let state: Mutex<State>

    /// - Parameters:
    ///   - isNamedByPublisher: its segments come with numbers of their own.
    ///   - wallClock: nanoseconds since 1970; playlists begin with it.
    init(
        stream: StreamID, profiles: [TranscodeProfile], settings: GatewaySettings, isNamedByPublisher: Bool = false,
        witness: SegmentWitness? = nil, wallClock: Int64 = wallClockNanoseconds()
    ) {
        self.stream = stream
        self.witness = witness
        let isWitnessed = witness != nil
        self.profiles = profiles
        lowLatency =
            settings.lowLatency.isOn
            ? LowLatencyOutput(
                stream: stream, renditions: profiles.map(\.name), settings: settings.lowLatency, segmentTarget: settings.segmentTarget,
                wallClock: wallClock)
            : nil
        let numbering = PlaylistNumbering(wallClock: wallClock, isNamedByPublisher: isNamedByPublisher)
        func shelf(_ name: String) -> RenditionShelf {
            RenditionShelf(
                name: name, length: settings.playlistWindow, grace: settings.playlistGrace, numbering: numbering,
                notesServing: isWitnessed)
        }
        self.state = Mutex(
            State(
                source: shelf(Self.sourceName), renditions: profiles.map { shelf($0.name) },
                renditionVariants: profiles.map { _ in nil }))
    }

    /// The newest segment that was cut, whatever became of its renditions.
    var newest: SegmentSequence? { state.withLock { $0.newest } }
    var isEnded: Bool { state.withLock { $0.isEnded } }

    func publishSource(_ segment: Segment) {
        state.withLock { state in
            state.source.append(PlaylistEntry(segment, isGap: false, byteCount: segment.bytes.readableBytes), segment.bytes)
            state.newest = segment.sequence
            state.sourceBytes += segment.bytes.readableBytes
            if state.sourceVariant == nil || segment.startsDiscontinuity {
                state.sourceVariant = Variant(source: segment)
            }
        }
    }

    /// - Parameter startsDiscontinuity: what stood here before was not of this coding, whatever the source says.
    func publish(rendition index: Int, of segment: Segment, _ content: ByteBuffer, startsDiscontinuity: Bool) {
        let entry = PlaylistEntry(
            segment, isGap: false, byteCount: content.readableBytes, container: profiles[index].container,
            startsDiscontinuity: startsDiscontinuity)
        state.withLock { state in
            state.renditions[index].append(entry, content)
            state.renditionBytes += content.readableBytes
            if state.renditionVariants[index] == nil || segment.startsDiscontinuity {
                state.renditionVariants[index] = Variant(profile: profiles[index], source: segment, sample: content)
            }
        }
    }

    /// The source segment, or another rendition's, in the place of a rendition's.
    func publishStandIn(rendition index: Int, of segment: Segment, _ content: ByteBuffer, startsDiscontinuity: Bool) {
        let entry = PlaylistEntry(
            segment, isGap: false, byteCount: content.readableBytes, startsDiscontinuity: startsDiscontinuity)
        state.withLock { $0.renditions[index].append(entry, content) }
    }

    func publishGap(rendition index: Int, of segment: Segment) {
        let entry = PlaylistEntry(segment, isGap: true, byteCount: 0, container: profiles[index].container)
        state.withLock { $0.renditions[index].append(entry, nil) }
    }

    func end() {
        state.withLock { state in
            state.isEnded = true
            state.source.end()
            for index in state.renditions.indices { state.renditions[index].end() }
        }
        lowLatency?.end()
    }

    func reopen() {
        state.withLock { state in
            state.isEnded = false
            state.source.reopen()
            for index in state.renditions.indices { state.renditions[index].reopen() }
        }
        lowLatency?.reopen()
    }

    func multivariantPlaylist() -> Delivery<ByteBuffer> {
        state.withLock { state in
            var variants: [Variant] = []
            guard state.source.isVisible else { return .unknown }
            if var source = state.sourceVariant {
                source.peakBandwidth = state.source.window.peakBandwidth
                source.averageBandwidth = state.source.window.averageBandwidth
                variants.append(source)
            }
            for (index, variant) in state.renditionVariants.enumerated() {
                guard var variant else { continue }
                variant.peakBandwidth = state.renditions[index].window.peakBandwidth
                variant.averageBandwidth = state.renditions[index].window.averageBandwidth
                variants.append(variant)
            }
            guard !variants.isEmpty else { return .unknown }
            return .found(ByteBuffer(string: MultivariantPlaylist.render(stream: stream, variants: variants)))
        }
    }

    func mediaPlaylist(_ rendition: String) -> Delivery<ByteBuffer> {
        let (answer, served) = state.withLock { state -> (Delivery<ByteBuffer>, [RenditionShelf.Unserved]) in
            guard let path = state.shelfPath(rendition), state[keyPath: path].isVisible else { return (.unknown, []) }
            return (.found(state[keyPath: path].playlist()), state[keyPath: path].takeUnserved())
        }
        guard let witness, !served.isEmpty else { return answer }
        let now = ContinuousClock.now
        for one in served where witness.name(stream, one.sequence) != nil {
            witness.served(
                SegmentServing(stream: stream, sequence: one.sequence, rendition: rendition, listed: one.listed, served: now))
        }
        return answer
    }

    /// - Parameter number: in the name of its file.
    func segment(_ rendition: String, named number: Int64, _ container: SegmentContainer) -> Delivery<ByteBuffer> {
        state.withLock { state in
            guard let path = state.shelfPath(rendition) else { return .unknown }
            return state[keyPath: path].segment(named: number, container)
        }
    }

    /// What the playlists list now; the source first.
    var listing: StreamListing {
        state.withLock { state in
            let shelves = [state.source] + state.renditions
            let variants = [state.sourceVariant] + state.renditionVariants
            return StreamListing(
                id: stream, sourceBytes: state.sourceBytes, renditionBytes: state.renditionBytes,
                variants: zip(shelves, variants).map { shelf, variant in
                    StreamListing.Variant(
                        name: shelf.name, width: variant?.width, height: variant?.height, frameRate: variant?.frameRate,
                        published: shelf.appended, gaps: shelf.gaps, window: shelf.window)
                })
        }
    }

    /// Segments listed so far and gaps among them, by rendition; the source first.
    var counts: [(rendition: String, published: Int, gaps: Int)] {
        state.withLock { state in
            ([state.source] + state.renditions).map { ($0.name, $0.appended, $0.gaps) }
        }
    }
}

extension StreamOutput.State {
    fileprivate func shelfPath(_ rendition: String) -> WritableKeyPath<Self, RenditionShelf>? {
        if rendition == StreamOutput.sourceName { return \.source }
        guard let index = renditions.firstIndex(where: { $0.name == rendition }) else { return nil }
        return \.renditions[index]
    }
}

extension PlaylistEntry {
    fileprivate init(
        _ segment: Segment, isGap: Bool, byteCount: Int, container: SegmentContainer? = nil, startsDiscontinuity: Bool = false
    ) {
        self.init(
            sequence: segment.sequence, duration: segment.duration, wallClock: segment.timeline.firstByteWallClock,
            startsDiscontinuity: segment.startsDiscontinuity || startsDiscontinuity, isGap: isGap,
            container: container ?? segment.container,
            byteCount: byteCount)
    }
}

extension Variant {
    fileprivate init(source segment: Segment) {
        var codecs: [String] = []
        if let video = segment.video, let text = CodecStrings.video(video, sample: segment.bytes) { codecs.append(text) }
        if let audio = segment.audio, let text = CodecStrings.audio(audio) { codecs.append(text) }
        self.init(
            rendition: StreamOutput.sourceName, width: segment.video.map(\.width), height: segment.video.map(\.height),
            frameRate: segment.video?.frameRate?.value, codecs: codecs, peakBandwidth: 0, averageBandwidth: 0)
    }

    fileprivate init(profile: TranscodeProfile, source segment: Segment, sample: ByteBuffer) {
        var codecs: [String] = []
        let made = VideoParameters(codec: profile.codec, width: profile.width, height: profile.height)
        if segment.video != nil, let text = CodecStrings.video(made, sample: sample) { codecs.append(text) }
        if let audio = segment.audio, let text = CodecStrings.audio(audio) { codecs.append(text) }
        let size = segment.video.map { profile.outputSize(sourceWidth: $0.width, sourceHeight: $0.height) }
        self.init(
            rendition: profile.name, width: size?.width, height: size?.height,
            frameRate: (profile.frameRate ?? segment.video?.frameRate)?.value, codecs: codecs, peakBandwidth: 0,
            averageBandwidth: 0)
    }
}
