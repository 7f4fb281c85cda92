package import NIOCore
package import SluiceTypes

/// Goes on with a stream's last key frame, and with silence, while nobody sends: a player that gets something plays on.
package struct StillPicture: Sendable {
    /// Frames of silence beyond what a part lasts: sound that is farther behind the pictures begins anew beside them.
    private static let mostBehind: UInt64 = 100

    private let picture: FragmentTrack?
    private let silence: ByteBuffer?
    private let audio: AudioParameters?
    private let timescale: Int64
    private var videoTime: UInt64
    private var audioTime: UInt64
    /// Where both are meant to be, in ticks; the sound follows in whole frames.
    private var time: Int64
    private var number: UInt32 = 1 << 31

    /// - Parameters:
    ///   - parts: the stream's last ones, from one that decoding can start with.
    ///   - video, audio: what they hold.
    /// - Returns: `nil` where the sound's coding has no silence that is known here.
    package init?(after parts: [ByteBuffer], video: VideoParameters?, audio: AudioParameters?) {
        guard let first = parts.first, let last = parts.last else { return nil }
        let opening = FragmentReader.tracks(of: first)
        picture = opening.first { $0.track == InitializationSegment.videoTrack }
        guard (picture != nil) == (video != nil) else { return nil }
        let silence = audio.map(SilentFrame.of)
        if let silence, silence == nil { return nil }
        self.silence = silence ?? nil
        self.audio = audio
        let timescale = Int64(audio.map(AudioTimeline.timescale) ?? 1)
        self.timescale = timescale
        let ends = parts.reversed().lazy.map { FragmentReader.tracks(of: $0) }
        func end(of track: UInt32) -> UInt64? { ends.compactMap { $0.first { $0.track == track }?.end }.first }
        let videoEnd = video == nil ? nil : FragmentReader.tracks(of: last).first { $0.track == InitializationSegment.videoTrack }?.end
        let audioEnd = end(of: InitializationSegment.audioTrack)
        audioTime =
            audioEnd ?? videoEnd.map { UInt64(clamping: Self.scaled(Int64(clamping: $0), timescale, MediaTime.ticksPerSecond)) } ?? 0
        videoTime = videoEnd ?? 0
        time =
            videoEnd.map { Int64(clamping: $0) }
            ?? Self.scaled(Int64(clamping: audioTime), MediaTime.ticksPerSecond, max(1, timescale))
    }

    /// A publisher's clock and its rate of sound may be any numbers.
    private static func scaled(_ value: Int64, _ factor: Int64, _ divisor: Int64) -> Int64 {
        Int64(clamping: Int128(value) * Int128(factor) / Int128(divisor))
    }

    package mutating func part(_ duration: MediaTime) -> ByteBuffer {
        number &+= 1
        time &+= duration.ticks
        var runs: [TrackRun] = []
        if let picture {
            let sample = FragmentSample(
                duration: UInt32(clamping: duration.ticks), offset: picture.offset, isSync: true, payload: picture.payload)
            runs.append(TrackRun(track: InitializationSegment.videoTrack, decodeTime: videoTime, samples: [sample]))
            videoTime &+= UInt64(clamping: duration.ticks)
        }
        if let silence, let audio {
            var timeline = AudioTimeline(audio)
            let length = timeline.advance(over: silence)
            let end = UInt64(clamping: Self.scaled(time, timescale, MediaTime.ticksPerSecond))
            let most = UInt64(clamping: Self.scaled(duration.ticks, timescale, MediaTime.ticksPerSecond)) + Self.mostBehind * UInt64(length)
            if end > audioTime, end - audioTime > most { audioTime = end - most }
            let sample = FragmentSample(duration: length, offset: 0, isSync: true, payload: silence)
            let count = end > audioTime ? Int((end - audioTime) / UInt64(length)) : 0
            if count > 0 {
                let samples = Array(repeating: sample, count: count)
                runs.append(TrackRun(track: InitializationSegment.audioTrack, decodeTime: audioTime, samples: samples))
                audioTime &+= UInt64(count) * UInt64(length)
            }
        }
        return runs.isEmpty ? ByteBuffer() : MovieFragment.write(number: number, runs)
    }
}

/// A frame in which nothing is heard.
private enum SilentFrame {
    /// AAC-LC with one to six channels (ISO/IEC 14496-3 §4.4.2.1): elements whose spectrum is empty.
    private static let aac: [[UInt8]] = [
        [0x00, 0xc8, 0x00, 0x80, 0x23, 0x80],
        [0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80],
        [0x00, 0xc8, 0x00, 0x80, 0x20, 0x84, 0x01, 0x26, 0x40, 0x08, 0x64, 0x00, 0x8e],
        [0x00, 0xc8, 0x00, 0x80, 0x20, 0x84, 0x01, 0x26, 0x40, 0x08, 0x64, 0x00, 0x80, 0x2c, 0x80, 0x08, 0x02, 0x38],
        [0x00, 0xc8, 0x00, 0x80, 0x20, 0x84, 0x01, 0x26, 0x40, 0x08, 0x64, 0x00, 0x82, 0x30, 0x04, 0x99, 0x00, 0x21, 0x90, 0x02, 0x38],
        [
            0x00, 0xc8, 0x00, 0x80, 0x20, 0x84, 0x01, 0x26, 0x40, 0x08, 0x64, 0x00, 0x82, 0x30, 0x04, 0x99, 0x00, 0x21, 0x90, 0x02,
            0x00, 0xb2, 0x00, 0x20, 0x08, 0xe0,
        ],
    ]
    /// 20 ms of CELT with nothing coded.
    private static let opus: [UInt8] = [0xf8, 0xff, 0xfe]

    static func of(_ audio: AudioParameters) -> ByteBuffer? {
        switch audio.codec {
        case .aac:
            guard let head = audio.configuration.first, head >> 3 == 2, aac.indices.contains(audio.channels - 1) else { return nil }
            return ByteBuffer(bytes: aac[audio.channels - 1])
        case .opus: return ByteBuffer(bytes: opus)
        case .mp3: return nil
        }
    }
}
