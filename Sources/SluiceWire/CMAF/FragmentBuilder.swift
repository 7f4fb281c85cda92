package import NIOCore
package import SluiceTypes

/// Gathers the packets of one part and writes them as one fragment, on one timeline from fragment to fragment.
package struct FragmentBuilder: Sendable {
    private struct Picture {
        var dts: Int64
        var offset: Int32
        var isKey: Bool
        var payload: ByteBuffer
    }

    private var pictures: [Picture] = []
    private var sounds: [EncodedPacket] = []
    private var timeline: AudioTimeline?
    private var lastDTS: Int64 = -1
    private var number: UInt32 = 0
    /// Payload gathered.
    package private(set) var size = 0

    package init() {}

    package var isEmpty: Bool { pictures.isEmpty && sounds.isEmpty }
    package var count: Int { pictures.count + sounds.count }
    func hasLeading(_ track: Track) -> Bool { track == .video ? !pictures.isEmpty : !sounds.isEmpty }

    /// Whether decoding can start with what is gathered.
    package var isIndependent: Bool { pictures.first.map(\.isKey) ?? true }

    /// A new timeline, or another coding, begins with the next packet: sound that has not gone out has no pictures to go with.
    package mutating func restart(audio: AudioParameters?) {
        pictures = []
        sounds = []
        size = 0
        timeline = audio.map(AudioTimeline.init)
        lastDTS = -1
    }

    /// What is gathered does not go out; the timeline goes on.
    mutating func discard() {
        pictures.removeAll(keepingCapacity: true)
        sounds.removeAll(keepingCapacity: true)
        size = 0
    }

    package mutating func announce(_ audio: AudioParameters?) { timeline = timeline ?? audio.map(AudioTimeline.init) }

    /// A dts that does not grow, or lies before zero where a fragment cannot, is raised by as little as needed.
    package mutating func append(_ packet: EncodedPacket) {
        switch packet.track {
        case .video:
            let dts = max(packet.dts.ticks, lastDTS &+ 1)
            lastDTS = dts
            pictures.append(
                Picture(dts: dts, offset: Int32(clamping: packet.pts.ticks &- dts), isKey: packet.isKey, payload: packet.payload))
        case .audio:
            guard timeline != nil else { return }
            sounds.append(packet)
        }
        size += packet.payload.readableBytes
    }

    /// The fragment, and an empty hand for the next.
    ///
    /// - Parameter end: where the last picture ends.
    package mutating func take(end: MediaTime) -> ByteBuffer? {
        guard !isEmpty else { return nil }
        number &+= 1
        var runs: [TrackRun] = []
        if let first = pictures.first {
            var samples: [FragmentSample] = []
            samples.reserveCapacity(pictures.count)
            for (index, picture) in pictures.enumerated() {
                let next = index + 1 < pictures.count ? pictures[index + 1].dts : end.ticks
                samples.append(
                    FragmentSample(
                        duration: UInt32(clamping: max(1, next &- picture.dts)), offset: picture.offset, isSync: picture.isKey,
                        payload: picture.payload))
            }
            runs.append(TrackRun(track: InitializationSegment.videoTrack, decodeTime: UInt64(first.dts), samples: samples))
        }
        if let first = sounds.first, let start = timeline?.begin(at: first.pts, first.payload) {
            let samples = sounds.map { packet in
                FragmentSample(
                    duration: timeline?.advance(over: packet.payload) ?? 0, offset: 0, isSync: true, payload: packet.payload)
            }
            runs.append(TrackRun(track: InitializationSegment.audioTrack, decodeTime: UInt64(start), samples: samples))
        }
        pictures.removeAll(keepingCapacity: true)
        sounds.removeAll(keepingCapacity: true)
        size = 0
        return MovieFragment.write(number: number, runs)
    }
}
