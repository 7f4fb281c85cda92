import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// Everything viewers can see of one stream. Outlives its publisher, so that a returning one goes on where it stopped.
package final class StreamOutput: Sendable {
    static let sourceName = "source"

    fileprivate struct State {
        var source: RenditionShelf
        /// Of all renditions that the stream has had; those of the ladder are listed.
        var renditions: [RenditionShelf]
        var ladder: Ladder
        /// What stands last in each shelf.
        var published: [TranscodeProfile?]
        /// Whether somebody has changed what it began with.
        var isChanged = false
        var newest: SegmentSequence?
        var sourceVariant: Variant?
        var renditionVariants: [Variant?]
        var isEnded = false
        var sourceBytes = 0
        var renditionBytes = 0
    }

    /// Names of renditions that a stream may have had: each keeps a window in memory.
    static let mostNames = 64

    let stream: StreamID
    let recent = RecentSegments()
    /// `nil` where the gateway does not package for low latency.
    let lowLatency: LowLatencyOutput?
    private let settings: GatewaySettings
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
        self.settings = settings
        self.witness = witness
        let numbering = PlaylistNumbering(wallClock: wallClock, isNamedByPublisher: isNamedByPublisher)
        func shelf(_ name: String) -> RenditionShelf {
            Self.shelf(name, settings, numbering, notesServing: witness != nil)
        }
        lowLatency =
            settings.lowLatency.isOn
            ? LowLatencyOutput(
                stream: stream, renditions: profiles.map(\.name), settings: settings.lowLatency, segmentTarget: settings.segmentTarget,
                witness: witness, wallClock: wallClock)
            : nil
        self.state = Mutex(
            State(
                source: shelf(Self.sourceName), renditions: profiles.map { shelf($0.name) },
                ladder: Ladder(profiles), published: profiles.map { _ in nil }, renditionVariants: profiles.map { _ in nil }))
    }

    private static func shelf(
        _ name: String, _ settings: GatewaySettings, _ numbering: PlaylistNumbering, notesServing: Bool
    ) -> RenditionShelf {
        RenditionShelf(
            name: name, length: settings.playlistWindow, grace: settings.playlistGrace, numbering: numbering, notesServing: notesServing)
    }

    /// A rendition that comes later; what it lists is numbered as the source's.
    private func shelf(_ name: String, beside source: RenditionShelf) -> RenditionShelf {
        Self.shelf(name, settings, source.window.numberingFromNow, notesServing: witness != nil)
    }

    /// What is asked for now.
    var ladder: Ladder { state.withLock { $0.ladder } }
    var profiles: [TranscodeProfile] { ladder.profiles }
    var isChanged: Bool { state.withLock { $0.isChanged } }

    /// How many names the stream would have had with these.
    func names(with profiles: [TranscodeProfile]) -> Int {
        state.withLock { state in Set(state.renditions.map(\.name)).union(profiles.map(\.name)).count }
    }

    /// Asks for other renditions from now on. One that was there before goes on in its playlist, whatever its size is now; one that leaves is
    /// listed no more.
    ///
    /// - Returns: the ladder, and what it was.
    func change(to profiles: [TranscodeProfile]) -> (new: Ladder, old: Ladder) {
        let (new, old) = state.withLock { state in
            let old = state.ladder
            var places: [Int] = []
            for profile in profiles {
                if let place = state.renditions.firstIndex(where: { $0.name == profile.name }) {
                    // What it listed when it left does not continue.
                    if !old.places.contains(place) {
                        state.renditions[place] = shelf(profile.name, beside: state.source)
                        state.renditionVariants[place] = nil
                        state.published[place] = nil
                    }
                    places.append(place)
                } else {
                    places.append(state.renditions.count)
                    state.renditions.append(shelf(profile.name, beside: state.source))
                    state.renditionVariants.append(nil)
                    state.published.append(nil)
                }
            }
            state.ladder = Ladder(profiles, in: places)
            state.isChanged = true
            return (state.ladder, old)
        }
        lowLatency?.change(to: new, from: old)
        return (new, old)
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
    func publish(
        rendition index: Int, as profile: TranscodeProfile, of segment: Segment, _ content: ByteBuffer, startsDiscontinuity: Bool
    ) {
        state.withLock { state in
            guard state.ladder.places.contains(index) else { return }
            let isOther = state.published[index].map { $0 != profile } ?? false
            let entry = PlaylistEntry(
                segment, isGap: false, byteCount: content.readableBytes, container: profile.container,
                startsDiscontinuity: startsDiscontinuity || isOther)
            state.renditions[index].append(entry, content)
            state.renditionBytes += content.readableBytes
            state.published[index] = profile
            if state.renditionVariants[index] == nil || segment.startsDiscontinuity || isOther {
                state.renditionVariants[index] = Variant(profile: profile, source: segment, sample: content)
            }
        }
    }

    /// The source segment, or another rendition's, in the place of a rendition's.
    func publishStandIn(rendition index: Int, of segment: Segment, _ content: ByteBuffer, startsDiscontinuity: Bool) {
        let entry = PlaylistEntry(
            segment, isGap: false, byteCount: content.readableBytes, startsDiscontinuity: startsDiscontinuity)
        state.withLock { state in
            if state.ladder.places.contains(index) { state.renditions[index].append(entry, content) }
        }
    }

    func publishGap(rendition index: Int, as profile: TranscodeProfile, of segment: Segment) {
        let entry = PlaylistEntry(segment, isGap: true, byteCount: 0, container: profile.container)
        state.withLock { state in
            if state.ladder.places.contains(index) { state.renditions[index].append(entry, nil) }
        }
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
            for index in state.ladder.places {
                guard var variant = state.renditionVariants[index] else { continue }
                variant.peakBandwidth = state.renditions[index].window.peakBandwidth
                variant.averageBandwidth = state.renditions[index].window.averageBandwidth
                variants.append(variant)
            }
            guard !variants.isEmpty else { return .unknown }
            return .found(ByteBuffer(string: MultivariantPlaylist.render(stream: stream, variants: variants)))
        }
    }

    func mediaPlaylist(_ rendition: String) -> Delivery<ByteBuffer> {
        let (answer, served) = state.withLock { state -> (Delivery<ByteBuffer>, [ServingNotes.Unserved]) in
            guard let path = state.shelfPath(rendition), state[keyPath: path].isVisible else { return (.unknown, []) }
            return (.found(state[keyPath: path].playlist()), state[keyPath: path].takeUnserved())
        }
        witness?.served(served, of: stream, rendition, isLowLatency: false)
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
            let shelves = [state.source] + state.ladder.places.map { state.renditions[$0] }
            let variants = [state.sourceVariant] + state.ladder.places.map { state.renditionVariants[$0] }
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
            ([state.source] + state.ladder.places.map { state.renditions[$0] }).map { ($0.name, $0.appended, $0.gaps) }
        }
    }
}

extension StreamOutput.State {
    fileprivate func shelfPath(_ rendition: String) -> WritableKeyPath<Self, RenditionShelf>? {
        if rendition == StreamOutput.sourceName { return \.source }
        guard let index = ladder.places.first(where: { renditions[$0].name == rendition }) else { return nil }
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
