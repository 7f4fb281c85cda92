import NIOCore
import SluiceTypes
import SluiceWire

/// What a rendition is made of: what goes before its segments, and what the multivariant playlist says of it.
struct MediaCoding: Sendable {
    struct Tracks: Hashable, Sendable {
        var video: VideoParameters?
        var audio: AudioParameters?
    }

    var tracks: Tracks
    var initialization: ByteBuffer
    var variant: Variant

    init(rendition: String, _ tracks: Tracks) throws(CMAFError) {
        self.tracks = tracks
        initialization = try InitializationSegment.make(video: tracks.video, audio: tracks.audio)
        variant = Variant(rendition, tracks)
    }

    init(rendition: String, _ tracks: Tracks, initialization: ByteBuffer) {
        self.tracks = tracks
        self.initialization = initialization
        variant = Variant(rendition, tracks)
    }

    func named(_ rendition: String) -> MediaCoding {
        var named = self
        named.variant.rendition = rendition
        return named
    }
}

extension Variant {
    fileprivate init(_ rendition: String, _ tracks: MediaCoding.Tracks) {
        var codecs: [String] = []
        if let video = tracks.video, let text = CodecStrings.video(video, sample: ByteBuffer()) { codecs.append(text) }
        if let audio = tracks.audio, let text = CodecStrings.audio(audio) { codecs.append(text) }
        self.init(
            rendition: rendition, width: tracks.video?.width, height: tracks.video?.height, frameRate: tracks.video?.frameRate?.value,
            codecs: codecs, peakBandwidth: 0, averageBandwidth: 0)
    }

}
