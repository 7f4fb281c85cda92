import SluiceTypes

/// What a transport stream says of itself: which packets carry pictures, and which sound (ISO/IEC 13818-1 §2.4.4).
struct ProgramTables {
    struct Track: Hashable {
        var identifier: Int
        var track: SluiceTypes.Track
    }

    private static let associationTable = 0
    /// Of a section of either table, with its head (§2.4.4.4, §2.4.4.9).
    private static let longestSection = 1024
    private static let h264: UInt8 = 0x1b
    private static let hevc: UInt8 = 0x24
    private static let aac: UInt8 = 0x0f
    /// Private data, which a registration descriptor names (§2.6.8).
    private static let privateData: UInt8 = 0x06
    private static let registration: UInt8 = 0x05
    private static let extension_: UInt8 = 0x7f

    private(set) var videoCodec: VideoCodec?
    private(set) var tracks: [Track] = []
    private(set) var audioCodec: AudioCodec?
    /// Of Opus, as its descriptor says.
    private(set) var channels = 0
    private let skipsOthers: Bool
    private var map: Int?
    private var sections: [Int: [UInt8]] = [:]

    init(skipsOthers: Bool) { self.skipsOthers = skipsOthers }

    func isTable(_ identifier: Int) -> Bool { identifier == Self.associationTable || identifier == map }

    /// - Parameter packet: one for which `isTable` holds.
    mutating func take(_ packet: TransportPacket, _ bytes: UnsafeRawBufferPointer) throws(TransportPacket.Malformed) {
        var payload = UnsafeRawBufferPointer(rebasing: bytes[packet.payload])
        guard !payload.isEmpty else { return }
        if packet.beginsUnit {
            let pointer = Int(payload[0])
            guard 1 + pointer < payload.count else { throw .init("has a table that begins \(pointer) bytes in, which is outside of it") }
            payload = UnsafeRawBufferPointer(rebasing: payload[(1 + pointer)...])
            sections[packet.identifier] = []
        }
        guard var section = sections[packet.identifier] else { return }
        section.append(contentsOf: payload)
        guard section.count >= 3 else {
            sections[packet.identifier] = section
            return
        }
        let length = 3 + (Int(section[1] & 0xf) << 8 | Int(section[2]))
        guard (12...Self.longestSection).contains(length) else { throw .init("has a table of \(length) bytes; one has 12 to 1024") }
        if section.count < length {
            sections[packet.identifier] = section
            return
        }
        sections[packet.identifier] = nil
        section.removeLast(section.count - length)
        guard Self.checksum(section) == 0 else { throw .init("has a table whose checksum is wrong") }
        if packet.identifier == Self.associationTable { try associate(section) } else { try define(section) }
    }

    private mutating func associate(_ section: [UInt8]) throws(TransportPacket.Malformed) {
        guard section[0] == 0 else { throw .init("has table \(section[0]) where the association table belongs") }
        for entry in stride(from: 8, to: section.count - 7, by: 4) where section[entry] != 0 || section[entry + 1] != 0 {
            map = Int(section[entry + 2] & 0x1f) << 8 | Int(section[entry + 3])
            return
        }
        throw .init("has an association table without a program")
    }

    private mutating func define(_ section: [UInt8]) throws(TransportPacket.Malformed) {
        guard section[0] == 2 else { throw .init("has table \(section[0]) where the program's map belongs") }
        let end = section.count - 4
        var place = 12 + (section.count > 11 ? Int(section[10] & 0xf) << 8 | Int(section[11]) : 0)
        var found: [Track] = []
        var codec: VideoCodec?
        var sound: AudioCodec?
        while place + 5 <= end {
            let kind = section[place]
            let identifier = Int(section[place + 1] & 0x1f) << 8 | Int(section[place + 2])
            let track: SluiceTypes.Track?
            switch kind {
            case Self.h264, Self.hevc: track = .video
            case Self.aac: track = .audio
            case Self.privateData where skipsOthers && opusChannels(section, place, end) != nil: track = .audio
            case _ where skipsOthers: track = nil
            default:
                throw .init("announces a stream of type \(kind); H.264 (27), HEVC (36) and AAC (15) are read here", isUnsupported: true)
            }
            if let track, !found.contains(where: { $0.track == track }) {
                found.append(Track(identifier: identifier, track: track))
                if track == .video { codec = kind == Self.h264 ? .h264 : .hevc }
                if track == .audio {
                    sound = kind == Self.aac ? .aac : .opus
                    channels = opusChannels(section, place, end) ?? 0
                }
            }
            place += 5 + (Int(section[place + 3] & 0xf) << 8 | Int(section[place + 4]))
        }
        guard place == end else { throw .init("has a program map whose entries do not fill it") }
        guard !found.isEmpty else { throw .init("has a program map without pictures or sound") }
        guard tracks.isEmpty || tracks == found && codec == videoCodec && sound == audioCodec else {
            throw .init("announces other tracks than before")
        }
        tracks = found
        videoCodec = codec
        audioCodec = sound
    }

    /// The channels of a track that its descriptors call Opus (ETSI TS 103 491 annex; as FFmpeg writes it); `nil` for another.
    private func opusChannels(_ section: [UInt8], _ place: Int, _ end: Int) -> Int? {
        var index = place + 5
        let last = min(end, index + (Int(section[place + 3] & 0xf) << 8 | Int(section[place + 4])))
        var isOpus = false
        var channels = 2
        while index + 2 <= last {
            let length = Int(section[index + 1])
            let body = index + 2
            guard body + length <= last else { return nil }
            if section[index] == Self.registration, length >= 4 { isOpus = section[body..<body + 4].elementsEqual("Opus".utf8) }
            if section[index] == Self.extension_, length >= 2, section[body] == 0x80 { channels = max(1, Int(section[body + 1])) }
            index = body + length
        }
        return isOpus ? channels : nil
    }

    /// CRC-32 of MPEG (ISO/IEC 13818-1 annex A): 0 over a section with its checksum.
    private static func checksum(_ section: [UInt8]) -> UInt32 {
        var value: UInt32 = 0xffff_ffff
        for byte in section {
            value ^= UInt32(byte) << 24
            for _ in 0..<8 { value = value & 0x8000_0000 == 0 ? value << 1 : value << 1 ^ 0x04c1_1db7 }
        }
        return value
    }
}
