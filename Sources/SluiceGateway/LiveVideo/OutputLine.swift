import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire

/// One worker's bytes, or the source's, as packets that viewers could have: pictures in MP4's form, sound as AAC. Keeps the pictures since
/// the last key frame, and their sound, as one may have to go on from their middle.
struct OutputLine {
    /// Of one group of pictures: two seconds of 60 Mbit/s. Past it nobody can go on from its middle.
    private static let largestGroup = 16 << 20
    private static let mostPictures = 1200
    private static let mostSounds = 1500
    /// A clock farther from the stream's than this is one of the worker's own.
    private static let largestDistance = MediaTime(milliseconds: 15_000)
    /// Pictures of one clock follow each other without such a step.
    private static let largestStep = MediaTime(milliseconds: 1000)
    /// Between the last picture of a clock and the first of the next: one of 25 a second.
    private static let seam = MediaTime(milliseconds: 40)

    private var demuxer: TransportStreamDemuxer
    private var format: ElementaryFormat?
    private var conversion: SoundConversion?
    /// Why its sound is left out.
    private(set) var soundFault: String?
    private let takesSound: Bool
    private(set) var video: VideoParameters?
    private(set) var audio: AudioParameters?
    /// From a key frame on; empty where there has been none.
    private(set) var group: [EncodedPacket] = []
    private var groupSize = 0
    private(set) var sounds: [EncodedPacket] = []
    private var offset: MediaTime?
    /// Of the pictures that were read, kept or not yet.
    private var latest: MediaTime?
    /// Its clock has jumped: what it brings is left out up to the next key frame, from which on it is brought back.
    private var isLost = false
    /// Nothing more can be read of this segment.
    private var fault: TransportStreamError?
    /// On the stream's clock.
    private(set) var newest: MediaTime?
    /// No more comes.
    var isClosed = false

    init(takesSound: Bool) {
        self.takesSound = takesSound
        demuxer = Self.demuxer(near: .zero)
    }

    private static func demuxer(near: MediaTime) -> TransportStreamDemuxer {
        TransportStreamDemuxer(near: near, unboundedEnd: .stuffing, skipsOthers: true)
    }

    /// Whether it announces sound that viewers can have.
    private(set) var hasSound = false

    /// Where one could begin to decode.
    var start: MediaTime? { group.first?.pts }

    /// The bytes of another segment follow: counters and tables may begin anew.
    ///
    /// - Parameter near: where the stream is, to find the turn of the 33-bit clock.
    mutating func begin(near: MediaTime) {
        demuxer = Self.demuxer(near: newest.map { $0 - (offset ?? .zero) } ?? near)
        fault = nil
    }

    /// Gives what the bytes bring; each is to be kept before the next.
    ///
    /// - Parameters:
    ///   - bytes: `nil` at a segment's end.
    ///   - near: where the stream is: a worker with a clock of its own is brought there.
    /// - Throws: `TransportStreamError`.
    mutating func take(_ bytes: ByteBuffer?, near: MediaTime?) throws -> [EncodedPacket] {
        if let fault { throw fault }
        var read: [EncodedPacket] = []
        do throws(TransportStreamError) {
            if let bytes { try demuxer.read(bytes) { read.append($0) } } else { try demuxer.end { read.append($0) } }
        } catch { fault = error }
        noteSound()
        var packets: [EncodedPacket] = []
        for packet in read { packets += formatted(packet, near) }
        // What came before the fault is good.
        if let fault, packets.isEmpty { throw fault }
        return packets
    }

    private mutating func formatted(_ packet: EncodedPacket, _ near: MediaTime?) -> [EncodedPacket] {
        if packet.track == .audio, demuxer.audioCodec == .opus {
            return converted(packet, near)
        }
        if format == nil {
            guard let codec = demuxer.videoCodec else { return [] }
            format = ElementaryFormat(
                video: VideoParameters(codec: codec, width: 0, height: 0),
                audio: demuxer.audioCodec == .aac ? AudioParameters(codec: .aac, sampleRate: 0, channels: 0) : nil)
        }
        guard var packet = format?.format(packet) else { return [] }
        if packet.track == .video {
            if offset == nil { offset = Self.offset(of: packet.pts, near) }
            if hasJumped(packet.pts, near) { isLost = true }
            if isLost {
                guard packet.isKey, let latest else { return [] }
                offset = Swift.max(near ?? latest, latest + Self.seam) - packet.pts
                isLost = false
            }
            note(video: format?.video)
        } else {
            guard takesSound else { return [] }
            note(audio: format?.audio)
        }
        // Sound before the first picture of a worker whose clock is not known yet, or has just changed.
        guard let offset, !isLost, !hasJumped(packet.pts, near) else { return [] }
        packet.pts = packet.pts + offset
        packet.dts = packet.dts + offset
        if packet.track == .video { latest = Swift.max(latest ?? packet.pts, packet.pts) }
        return [packet]
    }

    /// By its tables, so that both tracks are known with the first picture.
    private mutating func noteSound() {
        guard takesSound, demuxer.hasVideo else { return }
        if demuxer.audioCodec == .opus, conversion == nil, soundFault == nil { openConversion() }
        hasSound = demuxer.hasAudio && soundFault == nil
    }

    private mutating func openConversion() {
        do throws(MediaError) {
            let opened = try SoundConversion(channels: demuxer.channels)
            conversion = opened
            audio = opened.parameters
        } catch { silence(error) }
    }

    private mutating func silence(_ error: MediaError) {
        soundFault = "\(error)"
        audio = nil
        hasSound = false
    }

    private static func offset(of pts: MediaTime, _ near: MediaTime?) -> MediaTime {
        guard let near, abs((pts - near).ticks) > largestDistance.ticks else { return .zero }
        return near - pts
    }

    /// Neither where the stream is nor behind what the line brought last: nobody could go on from there, as nothing is shown twice.
    private func hasJumped(_ pts: MediaTime, _ near: MediaTime?) -> Bool {
        guard let offset, let near, let latest else { return false }
        let time = pts + offset
        return abs((time - near).ticks) > Self.largestDistance.ticks && abs((time - latest).ticks) > Self.largestStep.ticks
    }

    private mutating func converted(_ packet: EncodedPacket, _ near: MediaTime?) -> [EncodedPacket] {
        guard let conversion, soundFault == nil, let offset, !isLost, !hasJumped(packet.pts, near) else { return [] }
        var packet = packet
        packet.pts = packet.pts + offset
        packet.dts = packet.pts
        do throws(MediaError) { return try conversion.take(packet) } catch {
            silence(error)
            return []
        }
    }

    mutating func keep(_ packet: EncodedPacket) {
        guard packet.track == .video else {
            sounds.append(packet)
            let start = (group.first?.pts ?? packet.pts) - MediaTime(milliseconds: 500)
            while let first = sounds.first, first.pts < start || sounds.count > Self.mostSounds { sounds.removeFirst() }
            return
        }
        newest = max(newest ?? packet.pts, packet.pts)
        if packet.isKey {
            group = []
            groupSize = 0
        } else if group.isEmpty {
            return
        }
        group.append(packet)
        groupSize += packet.payload.readableBytes
        if groupSize > Self.largestGroup || group.count > Self.mostPictures {
            group = []
            groupSize = 0
        }
    }

    private mutating func note(video parameters: VideoParameters?) {
        guard let parameters, !parameters.configuration.isEmpty, parameters.configuration != video?.configuration else { return }
        var sized = parameters
        if parameters.codec == .h264, let parsed = H264ParameterSet(avcConfiguration: parameters.configuration) {
            (sized.width, sized.height) = (parsed.width, parsed.height)
        }
        video = sized
    }

    private mutating func note(audio parameters: AudioParameters?) {
        guard let parameters, !parameters.configuration.isEmpty, parameters.configuration != audio?.configuration else { return }
        var sized = parameters
        if let parsed = AudioSpecificConfig(parameters.configuration) {
            (sized.sampleRate, sized.channels) = (parsed.sampleRate, parsed.channels)
        }
        audio = sized
    }
}
