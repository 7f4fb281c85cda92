import NIOCore
package import SluiceTypes

/// The audio and video payloads of RTMP (FLV tag bodies) turned into packets with unwrapped times.
package struct FLVPackets {
    package enum Output: Sendable {
        case video(VideoParameters)
        case audio(AudioParameters)
        case packet(EncodedPacket)
        /// Named once per kind: a coding we do not carry.
        case unsupported(String)
    }

    private var unwrapper = MillisecondUnwrapper()
    private var video: VideoParameters?
    private var audio: AudioParameters?
    private var metadata = (width: 0, height: 0, frameRate: 0.0)
    private var complained: Set<String> = []

    package init() {}

    /// - Returns: `nil` for what carries nothing (an end of sequence, packets before their configuration).
    package mutating func consume(_ message: RTMPMessage) throws(RTMPError) -> Output? {
        switch message.kind {
        case RTMPMessage.Kind.video: return try videoTag(message)
        case RTMPMessage.Kind.audio: return try audioTag(message)
        case RTMPMessage.Kind.dataAMF0:
            try data(message)
            return nil
        default: return nil
        }
    }

    private mutating func data(_ message: RTMPMessage) throws(RTMPError) {
        var payload = message.payload
        let values = try AMF0.decodeAll(&payload)
        guard let object = values.first(where: { $0["width"] != nil || $0["framerate"] != nil }) else { return }
        func whole(_ name: String) -> Int { object[name]?.number.flatMap { $0 >= 1 && $0 <= 65_536 ? Int($0) : nil } ?? 0 }
        metadata.width = whole("width")
        metadata.height = whole("height")
        if let rate = object["framerate"]?.number, rate >= 1, rate <= 1000 { metadata.frameRate = rate }
    }

    private mutating func videoTag(_ message: RTMPMessage) throws(RTMPError) -> Output? {
        var payload = message.payload
        guard let first = payload.readInteger(as: UInt8.self) else { return nil }
        let codec: VideoCodec
        let isStart: Bool
        var compositionOffset: Int32 = 0
        let isKey = first >> 4 & 7 == 1
        if first & 0x80 != 0 {
            let tag = try EnhancedTag(type: first & 0x0f, isVideo: true, &payload)
            switch tag.fourCC {
            case _ where tag.kind == .severalTracks: return complain("several tracks in one message are not carried; send one track")
            case "avc1": codec = .h264
            case "hvc1": codec = .hevc
            case "av01": codec = .av1
            default: return complain("video coding '\(tag.fourCC)' is not carried; send H.264, HEVC or AV1")
            }
            guard tag.kind != .other else { return nil }
            isStart = tag.kind == .start
            if tag.kind == .frames, codec != .av1 { compositionOffset = try int24(&payload) }
        } else {
            switch first & 0x0f {
            case 7: codec = .h264
            case 12: codec = .hevc
            default: return complain("video coding \(first & 0x0f) is not carried; send H.264")
            }
            guard first >> 4 != 5 else { return nil }
            guard let type = payload.readInteger(as: UInt8.self) else { throw RTMPError("a video tag is cut off") }
            compositionOffset = try int24(&payload)
            guard type < 2 else { return nil }
            isStart = type == 0
        }
        if isStart { return try parameters(of: codec, Array(payload.readableBytesView)) }
        guard video != nil else { return nil }
        if codec == .av1 { Self.leaveOutDelimiter(&payload) }
        guard payload.readableBytes > 0 else { return nil }
        let dts = MediaTime(milliseconds: unwrapper.unwrap(message.timestamp))
        let pts = dts + MediaTime(milliseconds: Int64(compositionOffset))
        return .packet(EncodedPacket(track: .video, pts: pts, dts: dts, isKey: isKey, payload: payload))
    }

    private mutating func parameters(of codec: VideoCodec, _ configuration: [UInt8]) throws(RTMPError) -> Output? {
        guard !configuration.isEmpty else { return nil }
        // An av1C has four bytes before what it need not hold.
        guard configuration.count > (codec == .av1 ? 3 : 6) else {
            throw RTMPError("a decoder configuration of \(configuration.count) bytes")
        }
        let parsed = codec == .h264 ? H264ParameterSet(avcConfiguration: configuration) : nil
        let rate = metadata.frameRate > 0 ? metadata.frameRate : parsed?.frameRate ?? 0
        let parameters = VideoParameters(
            codec: codec, width: parsed?.width ?? metadata.width, height: parsed?.height ?? metadata.height,
            frameRate: rate > 0 ? Rational(Int((rate * 1000).rounded()), 1000) : nil, configuration: configuration)
        guard parameters != video else { return nil }
        video = parameters
        return .video(parameters)
    }

    /// A sample of MP4 has no temporal delimiter (the AV1 binding, §2.4); a publisher may send one, an open bitstream unit of no bytes.
    private static func leaveOutDelimiter(_ payload: inout ByteBuffer) {
        if payload.getInteger(at: payload.readerIndex, as: UInt16.self) == 0x1200 { payload.moveReaderIndex(forwardBy: 2) }
    }

    private mutating func audioTag(_ message: RTMPMessage) throws(RTMPError) -> Output? {
        var payload = message.payload
        guard let first = payload.readInteger(as: UInt8.self) else { return nil }
        switch first >> 4 {
        case 10:
            guard let packetType = payload.readInteger(as: UInt8.self) else { throw RTMPError("an audio tag is cut off") }
            return packetType == 0 ? try aac(Array(payload.readableBytesView)) : sound(payload, at: message.timestamp)
        case 2, 14: return mp3(payload, at: message.timestamp)
        case 9:
            let tag = try EnhancedTag(type: first & 0x0f, isVideo: false, &payload)
            switch (tag.fourCC, tag.kind) {
            case (_, .severalTracks): return complain("several tracks in one message are not carried; send one track")
            case ("Opus", .start): return try opus(Array(payload.readableBytesView))
            case ("mp4a", .start): return try aac(Array(payload.readableBytesView))
            case ("Opus", .frames), ("mp4a", .frames): return sound(payload, at: message.timestamp)
            case (".mp3", .frames): return mp3(payload, at: message.timestamp)
            case ("Opus", _), ("mp4a", _), (".mp3", _): return nil
            default: return complain("audio coding '\(tag.fourCC)' is not carried; send AAC, Opus or MP3")
            }
        default: return complain("audio coding \(first >> 4) is not carried; send AAC or MP3")
        }
    }

    private mutating func sound(_ payload: ByteBuffer, at timestamp: UInt32) -> Output? {
        guard audio != nil, payload.readableBytes > 0 else { return nil }
        let at = MediaTime(milliseconds: unwrapper.unwrap(timestamp))
        return .packet(EncodedPacket(track: .audio, pts: at, dts: at, isKey: true, payload: payload))
    }

    private mutating func announce(_ parameters: AudioParameters) -> Output? {
        guard parameters != audio else { return nil }
        audio = parameters
        return .audio(parameters)
    }

    private mutating func aac(_ configuration: [UInt8]) throws(RTMPError) -> Output? {
        // FFmpeg copying from ADTS sends an empty one first, the real one with the first frame.
        guard !configuration.isEmpty else { return nil }
        guard let parsed = AudioSpecificConfig(configuration) else {
            throw RTMPError("an AAC configuration of \(configuration.count) bytes that cannot be read")
        }
        guard parsed.fitsADTS else {
            return complain("AAC object type \(parsed.objectType) cannot be carried in MPEG-TS; send AAC-LC or HE-AAC")
        }
        return announce(
            AudioParameters(codec: .aac, sampleRate: parsed.sampleRate, channels: parsed.channels, configuration: parsed.bytes))
    }

    /// An identification header (RFC 7845 §5.1). Opus is reckoned in 48 kHz, whatever was fed to the encoder.
    private mutating func opus(_ header: [UInt8]) throws(RTMPError) -> Output? {
        guard header.count >= 19, header.starts(with: Array("OpusHead".utf8)), (1...8).contains(header[9]) else {
            throw RTMPError("an Opus header of \(header.count) bytes that is none of RFC 7845 with 1 to 8 channels")
        }
        return announce(AudioParameters(codec: .opus, sampleRate: 48_000, channels: Int(header[9]), configuration: header))
    }

    private mutating func mp3(_ payload: ByteBuffer, at timestamp: UInt32) -> Output? {
        guard let header = MP3FrameHeader(payload) else { return nil }
        // The first frame goes into the configuration's making; the next is 26 ms away.
        return announce(AudioParameters(codec: .mp3, sampleRate: header.sampleRate, channels: header.channels))
            ?? sound(payload, at: timestamp)
    }

    private mutating func complain(_ text: String) -> Output? {
        complained.insert(text).inserted ? .unsupported(text) : nil
    }

    private func int24(_ payload: inout ByteBuffer) throws(RTMPError) -> Int32 {
        guard let high = payload.readInteger(as: UInt8.self), let low = payload.readInteger(as: UInt16.self) else {
            throw RTMPError("a video tag is cut off")
        }
        return Int32(Int8(bitPattern: high)) << 16 | Int32(low)
    }
}

/// A 32-bit millisecond counter made into one that does not wrap.
package struct MillisecondUnwrapper: Sendable {
    private var last: Int64?

    package init() {}

    /// The value nearest to the one before: wraps, small steps back and jumps all come out as what they are.
    package mutating func unwrap(_ raw: UInt32) -> Int64 {
        guard let last else {
            self.last = Int64(raw)
            return Int64(raw)
        }
        let step = Int32(bitPattern: raw &- UInt32(truncatingIfNeeded: last))
        let value = last + Int64(step)
        self.last = value
        return value
    }
}

/// The two facts of an MPEG audio frame's header (ISO/IEC 11172-3 §2.4.1.3) that a container repeats.
struct MP3FrameHeader {
    let sampleRate: Int
    let channels: Int

    init?(_ frame: ByteBuffer) {
        guard let word = frame.getInteger(at: frame.readerIndex, as: UInt32.self), word >> 21 == 0x7ff else { return nil }
        let rates = [44_100, 48_000, 32_000]
        let version = word >> 19 & 3
        let index = Int(word >> 10 & 3)
        guard version != 1, index < rates.count else { return nil }
        sampleRate = rates[index] >> (version == 3 ? 0 : version == 2 ? 1 : 2)
        channels = word >> 6 & 3 == 3 ? 1 : 2
    }
}
