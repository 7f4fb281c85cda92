import NIOCore
import SluiceTypes
import SluiceWire

/// What comes back from workers becomes packets of a stream of its own, which goes on when the worker changes.
///
/// Pictures are passed on as they are whole; sound is taken where it is AAC, the rest is left out.
actor LiveVideoOutput {
    private static let wrap: Int64 = 1 << 33
    /// A worker whose clock is behind the last one's by more has begun a clock of its own, and its pictures are new all the same.
    private static let largestReplay = MediaTime(milliseconds: 15_000)

    private let sink: Sink
    private var demuxer = TransportStreamDemuxer(near: .zero, unboundedEnd: .stuffing, skipsOthers: true)
    private var format: ElementaryFormat?
    private var configured: (video: VideoParameters?, audio: AudioParameters?)
    /// Of the pictures passed on.
    private var last: MediaTime?
    /// What a new worker makes of what was shown already is left out, up to a key frame after it.
    private var isJoining = true
    private(set) var frames = 0

    /// A sink is confined to whom it was made for: this actor.
    private final class Sink {
        let publication: any Publication
        lazy var sink: any PacketSink = publication.makeSink()
        init(_ publication: any Publication) { self.publication = publication }
    }

    init(_ publication: any Publication) { sink = Sink(publication) }

    /// Another worker's bytes follow.
    func join() {
        isJoining = true
        format = nil
        if last != nil { sink.sink.interrupt() }
        begin()
    }

    /// The bytes of another segment follow: counters and tables may begin anew.
    func begin() {
        demuxer = TransportStreamDemuxer(near: last ?? .zero, unboundedEnd: .stuffing, skipsOthers: true)
    }

    /// - Returns: how many pictures were passed on.
    /// - Throws: `TransportStreamError`.
    func take(_ bytes: ByteBuffer) throws -> Int {
        let before = frames
        var packets: [EncodedPacket] = []
        try demuxer.read(bytes) { packets.append($0) }
        for packet in packets { pass(packet) }
        return frames - before
    }

    /// The segment has ended.
    func end() throws {
        var packets: [EncodedPacket] = []
        try demuxer.end { packets.append($0) }
        for packet in packets { pass(packet) }
    }

    /// The stream is over.
    func finish(isLost: Bool) { isLost ? sink.sink.lose() : sink.sink.finish() }

    private func pass(_ packet: EncodedPacket) {
        if format == nil {
            guard let codec = demuxer.videoCodec else { return }
            format = ElementaryFormat(
                video: VideoParameters(codec: codec, width: 0, height: 0),
                audio: demuxer.hasAudio ? AudioParameters(codec: .aac, sampleRate: 0, channels: 0) : nil)
        }
        guard let formatted = format?.format(packet) else { return }
        if isJoining {
            guard packet.track == .video, packet.isKey else { return }
            if let last, packet.pts <= last, last - packet.pts < Self.largestReplay { return }
            isJoining = false
        }
        configure()
        if packet.track == .video {
            last = packet.pts
            frames += 1
        }
        sink.sink.consume(formatted)
    }

    private func configure() {
        if let video = format?.video, !video.configuration.isEmpty, video != configured.video {
            configured.video = video
            sink.sink.configure(video: Self.sized(video))
        }
        if let audio = format?.audio, !audio.configuration.isEmpty, audio != configured.audio {
            configured.audio = audio
            sink.sink.configure(audio: Self.sized(audio))
        }
    }

    private static func sized(_ video: VideoParameters) -> VideoParameters {
        guard video.codec == .h264, let parsed = H264ParameterSet(avcConfiguration: video.configuration) else { return video }
        var sized = video
        (sized.width, sized.height) = (parsed.width, parsed.height)
        return sized
    }

    private static func sized(_ audio: AudioParameters) -> AudioParameters {
        guard let parsed = AudioSpecificConfig(audio.configuration) else { return audio }
        var sized = audio
        (sized.sampleRate, sized.channels) = (parsed.sampleRate, parsed.channels)
        return sized
    }
}
