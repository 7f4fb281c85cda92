package import NIOCore
package import SluiceTypes

/// Access units out of one MPEG-TS segment while it comes in: fed bytes in slices of any length, gives each unit as soon as it is whole.
///
/// Reads H.264 and HEVC with one access unit in a PES packet, AAC, and Opus where other kinds are left out; the first track of each kind counts. A picture is whole with the
/// last byte that its PES packet announces. Where it announces none, as 16 bits could not say it, the next one's beginning ends it, a
/// frame later. Nothing is searched for and nothing is skipped: what cannot be read is an error, and the value is spent then.
package struct TransportStreamDemuxer: Sendable {
    /// How the end of a picture whose length is not announced is told.
    package enum UnboundedEnd: Sendable {
        /// By the next picture: what the standard promises.
        case nextUnit
        /// By the packet that is filled up with stuffing, as FFmpeg writes, and so our orchestrators
        /// (docs/Streaming-segments.md); by the next picture where the last packet happened to be full.
        case stuffing
    }

    /// Of one access unit: a 4K key frame of 200 Mbit/s has room.
    private static let longestUnit = 8 << 20
    private static let wrap: Int64 = 1 << 33
    private static let firstCapacity = 4 << 10

    private struct Gathering {
        let track: Track
        var counter: UInt8?
        var hasRepeated = false
        var packet: ElementaryPacket?
        var lastSize = TransportStreamDemuxer.firstCapacity
    }

    private let unboundedEnd: UnboundedEnd
    private var tables: ProgramTables
    private var gatherings: [Int: Gathering] = [:]
    private var frames = ADTSFrames()
    private var opus = OpusFrames()
    /// Of a packet that is not whole yet: less than one.
    private var pending = ByteBuffer()
    private var count = 0
    /// The last time given out, on the unwrapped timeline.
    private var time: MediaTime
    /// Where the sound goes on, in ticks, if its next PES packet does not say.
    private var nextSound: MediaTime?

    /// - Parameter near: where the segment is known to begin, to find the turn of the 33-bit clock.
    /// - Parameter skipsOthers: tracks of other kinds are left out; else they are an error.
    package init(near: MediaTime, unboundedEnd: UnboundedEnd = .nextUnit, skipsOthers: Bool = false) {
        self.unboundedEnd = unboundedEnd
        tables = ProgramTables(skipsOthers: skipsOthers)
        time = near
    }

    /// `nil` until the tables have come, and where there are no pictures.
    package var videoCodec: VideoCodec? { tables.videoCodec }
    package var hasVideo: Bool { tables.tracks.contains { $0.track == .video } }
    package var audioCodec: AudioCodec? { tables.audioCodec }
    /// Of Opus; 0 for others, whose packets tell.
    package var channels: Int { tables.channels }
    package var hasAudio: Bool { tables.tracks.contains { $0.track == .audio } }

    /// - Parameter emit: takes each access unit: pictures with start codes (Annex B), sound with its ADTS head.
    package mutating func read(_ bytes: ByteBuffer, _ emit: (EncodedPacket) -> Void) throws(TransportStreamError) {
        var bytes = bytes
        if pending.readableBytes > 0 {
            let lacking = TransportPacket.size - pending.readableBytes
            if let more = bytes.readSlice(length: min(lacking, bytes.readableBytes)) { pending.writeImmutableBuffer(more) }
            guard pending.readableBytes == TransportPacket.size else { return }
            let packet = pending
            pending = ByteBuffer()
            try take(packet, emit)
        }
        while let packet = bytes.readSlice(length: TransportPacket.size) { try take(packet, emit) }
        // A copy: a slice would keep all of what was read.
        if bytes.readableBytes > 0 { pending = ByteBuffer(buffer: bytes) }
    }

    /// The segment has ended: what only its end could complete is given out.
    package mutating func end(_ emit: (EncodedPacket) -> Void) throws(TransportStreamError) {
        guard pending.readableBytes == 0 else {
            throw TransportStreamError(
                packet: count, reason: "has \(pending.readableBytes) of \(TransportPacket.size) bytes", isUnsupported: false)
        }
        do throws(TransportPacket.Malformed) {
            for identifier in gatherings.keys.sorted() { try close(identifier, emit) }
            if frames.isWithinFrame || opus.isWithinFrame { throw .init("is the last, and the last frame of sound is not whole") }
            guard !tables.tracks.isEmpty else { throw .init("is the end, and no tables have come") }
        } catch {
            throw TransportStreamError(packet: count, reason: error.reason, isUnsupported: error.isUnsupported)
        }
    }

    private mutating func take(_ packet: ByteBuffer, _ emit: (EncodedPacket) -> Void) throws(TransportStreamError) {
        do throws(TransportPacket.Malformed) {
            try packet.withUnsafeReadableBytes { (bytes) throws(TransportPacket.Malformed) in
                try take(TransportPacket(bytes), bytes, emit)
            }
        } catch {
            throw TransportStreamError(packet: count, reason: error.reason, isUnsupported: error.isUnsupported)
        }
        count += 1
    }

    private mutating func take(
        _ packet: TransportPacket, _ bytes: UnsafeRawBufferPointer, _ emit: (EncodedPacket) -> Void
    ) throws(TransportPacket.Malformed) {
        if tables.isTable(packet.identifier) {
            try tables.take(packet, bytes)
            for track in tables.tracks where gatherings[track.identifier] == nil {
                gatherings[track.identifier] = Gathering(track: track.track)
            }
            return
        }
        guard !packet.payload.isEmpty, gatherings[packet.identifier] != nil else { return }
        guard try isNext(packet) else { return }
        if packet.beginsUnit {
            try close(packet.identifier, emit)
            let capacity = gatherings[packet.identifier]?.lastSize ?? Self.firstCapacity
            gatherings[packet.identifier]?.packet = ElementaryPacket(limit: Self.longestUnit, capacity: capacity)
        }
        // What belongs to a unit whose beginning is not here, or that has ended.
        guard gatherings[packet.identifier]?.packet != nil else {
            throw .init("carries media that belongs to no PES packet")
        }
        try gatherings[packet.identifier]?.packet?.append(UnsafeRawBufferPointer(rebasing: bytes[packet.payload]))
        guard let gathering = gatherings[packet.identifier], let unit = gathering.packet, let head = unit.head else { return }
        let isEnded = head.length == nil && gathering.track == .video && unboundedEnd == .stuffing && packet.isStuffed
        if unit.isWhole || isEnded { try close(packet.identifier, emit) }
    }

    /// - Returns: `false` for a packet that was sent twice, which is allowed (§2.4.3.3).
    private mutating func isNext(_ packet: TransportPacket) throws(TransportPacket.Malformed) -> Bool {
        guard let last = gatherings[packet.identifier]?.counter, !packet.isDiscontinuous else {
            gatherings[packet.identifier]?.counter = packet.counter
            return true
        }
        if packet.counter == last, gatherings[packet.identifier]?.hasRepeated == false {
            gatherings[packet.identifier]?.hasRepeated = true
            return false
        }
        guard packet.counter == (last + 1) & 0xf else {
            throw .init("has counter \(packet.counter) behind \(last): packets are missing")
        }
        gatherings[packet.identifier]?.counter = packet.counter
        gatherings[packet.identifier]?.hasRepeated = false
        return true
    }

    private mutating func close(_ identifier: Int, _ emit: (EncodedPacket) -> Void) throws(TransportPacket.Malformed) {
        guard let gathering = gatherings[identifier], let packet = gathering.packet else { return }
        gatherings[identifier]?.packet = nil
        guard let head = packet.head, packet.head?.length == nil || packet.isWhole else {
            let announced = packet.head?.length.map { " of \($0)" } ?? ""
            throw .init("ends a PES packet after \(packet.payload.readableBytes)\(announced) bytes")
        }
        // A head alone may carry times, and no media.
        guard packet.payload.readableBytes > 0 else { return }
        gatherings[identifier]?.lastSize = min(max(packet.payload.readableBytes, Self.firstCapacity), Self.longestUnit)
        switch gathering.track {
        case .video: emit(try picture(head, packet.payload))
        case .audio where tables.audioCodec == .opus: try opusSounds(head, packet.payload, emit)
        case .audio: try sounds(head, packet.payload, emit)
        }
    }

    private mutating func picture(_ head: ElementaryPacket.Head, _ payload: ByteBuffer) throws(TransportPacket.Malformed) -> EncodedPacket {
        guard let shown = head.pts, let decoded = head.dts else { throw .init("ends a picture without a time") }
        let dts = unwrap(decoded)
        let pts = MediaTime(ticks: dts.ticks + Self.distance(from: decoded, to: shown))
        return EncodedPacket(
            track: .video, pts: pts, dts: dts, isKey: AccessUnit.isKey(payload, tables.videoCodec ?? .h264), payload: payload)
    }

    private mutating func sounds(
        _ head: ElementaryPacket.Head, _ payload: ByteBuffer, _ emit: (EncodedPacket) -> Void
    ) throws(TransportPacket.Malformed) {
        let begin = head.pts.map { unwrap($0) }
        for frame in try frames.take(payload) {
            let start = frame.place == nil ? nextSound : begin ?? nextSound
            guard let start else { throw .init("ends a PES packet of sound without a time") }
            let length = Int64(ADTSFrames.samples) * MediaTime.ticksPerSecond
            let known = frame.place != nil && begin != nil
            let offset = known ? Int64(frame.place ?? 0) * length / Int64(frame.sampleRate) : 0
            let time = MediaTime(ticks: start.ticks + offset)
            nextSound = MediaTime(ticks: time.ticks + length / Int64(frame.sampleRate))
            emit(EncodedPacket(track: .audio, pts: time, dts: time, isKey: true, payload: frame.bytes))
        }
    }

    private mutating func opusSounds(
        _ head: ElementaryPacket.Head, _ payload: ByteBuffer, _ emit: (EncodedPacket) -> Void
    ) throws(TransportPacket.Malformed) {
        let begin = head.pts.map { unwrap($0) }
        for frame in try opus.take(payload) {
            // One that began in an earlier packet goes on where that left off.
            guard let start = (frame.isCarried ? nextSound : nil) ?? begin.map({ $0 + frame.offset }) ?? nextSound else {
                throw .init("ends a PES packet of sound without a time")
            }
            nextSound = start + frame.duration
            emit(EncodedPacket(track: .audio, pts: start, dts: start, isKey: true, payload: frame.bytes))
        }
    }

    /// The time nearest to the last one that the 33-bit clock can mean.
    private mutating func unwrap(_ stamp: Int64) -> MediaTime {
        let last = time.ticks & (Self.wrap - 1)
        time = MediaTime(ticks: time.ticks &+ Self.distance(from: last, to: stamp))
        return time
    }

    private static func distance(from: Int64, to: Int64) -> Int64 {
        let ahead = (to - from) & (wrap - 1)
        return ahead >= wrap / 2 ? ahead - wrap : ahead
    }
}
