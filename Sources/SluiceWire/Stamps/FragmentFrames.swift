package import NIOCore

/// The video frames of fragmented MP4 (ISO/IEC 14496-12 §8.8): what a player needs of the initialization section, and then each part.
package struct FragmentFrames: Sendable {
    /// Boxes are nested this deep to where the times stand.
    private static let containers: Set<String> = ["moov", "trak", "mdia", "mvex", "moof", "traf"]

    private struct Track {
        var id: UInt32 = 0
        var timescale: Int64 = 0
        var isVideo = false
        var defaultDuration: Int64 = 0
        var defaultSize = 0
    }

    private let video: Track

    /// - Returns: `nil` when the section has no video track.
    package init?(initialization: ByteBuffer) {
        var tracks: [Track] = []
        var defaults: [UInt32: (duration: Int64, size: Int)] = [:]
        Self.walk(initialization) { kind, body, _ in
            var body = body
            switch kind {
            case "trak": tracks.append(Track())
            case "tkhd":
                let isLong = body.readInteger(as: UInt32.self).map { $0 >> 24 == 1 } ?? false
                body.moveReaderIndex(forwardBy: min(isLong ? 16 : 8, body.readableBytes))
                if !tracks.isEmpty, let id = body.readInteger(as: UInt32.self) { tracks[tracks.count - 1].id = id }
            case "mdhd":
                let isLong = body.readInteger(as: UInt32.self).map { $0 >> 24 == 1 } ?? false
                body.moveReaderIndex(forwardBy: min(isLong ? 16 : 8, body.readableBytes))
                if !tracks.isEmpty, let scale = body.readInteger(as: UInt32.self) { tracks[tracks.count - 1].timescale = Int64(scale) }
            case "hdlr":
                body.moveReaderIndex(forwardBy: min(8, body.readableBytes))
                if !tracks.isEmpty { tracks[tracks.count - 1].isVideo = body.readString(length: min(4, body.readableBytes)) == "vide" }
            case "trex":
                guard let words = Self.words(&body, 6) else { return }
                defaults[words[1]] = (Int64(words[3]), Int(words[4]))
            default: break
            }
        }
        guard var found = tracks.first(where: { $0.isVideo && $0.timescale > 0 }) else { return nil }
        if let known = defaults[found.id] {
            found.defaultDuration = known.duration
            found.defaultSize = known.size
        }
        video = found
    }

    /// - Parameter fragments: a part or a segment: `moof` and `mdat`, once or several times.
    package func read(_ fragments: ByteBuffer) -> [StampedFrame] {
        var frames: [StampedFrame] = []
        var moofStart = 0
        var isOurs = false
        var base: Int64 = 0
        var defaults = (duration: video.defaultDuration, size: video.defaultSize)
        Self.walk(fragments) { kind, body, offset in
            var body = body
            switch kind {
            case "moof": moofStart = offset
            case "tfhd":
                guard let head = Self.words(&body, 2) else { return }
                isOurs = head[1] == video.id
                defaults = (video.defaultDuration, video.defaultSize)
                if head[0] & 1 != 0 { body.moveReaderIndex(forwardBy: min(8, body.readableBytes)) }
                if head[0] & 2 != 0 { _ = body.readInteger(as: UInt32.self) }
                if head[0] & 8 != 0 { defaults.duration = Int64(body.readInteger(as: UInt32.self) ?? 0) }
                if head[0] & 16 != 0 { defaults.size = Int(body.readInteger(as: UInt32.self) ?? 0) }
            case "tfdt":
                guard isOurs, let head = body.readInteger(as: UInt32.self) else { return }
                base =
                    head >> 24 == 1
                    ? Int64(bitPattern: body.readInteger(as: UInt64.self) ?? 0) : Int64(body.readInteger(as: UInt32.self) ?? 0)
            case "trun":
                if isOurs { base = run(&body, fragments, moofStart, base, defaults, &frames) }
            default: break
            }
        }
        return frames
    }

    /// - Returns: the decode time behind the run.
    private func run(
        _ body: inout ByteBuffer, _ fragments: ByteBuffer, _ moofStart: Int, _ base: Int64, _ defaults: (duration: Int64, size: Int),
        _ frames: inout [StampedFrame]
    ) -> Int64 {
        guard let head = Self.words(&body, 2) else { return base }
        let flags = head[0]
        var place = fragments.readerIndex + moofStart
        if flags & 1 != 0 { place += Int(body.readInteger(as: Int32.self) ?? 0) }
        if flags & 4 != 0 { _ = body.readInteger(as: UInt32.self) }
        var time = base
        for _ in 0..<head[1] {
            guard place >= fragments.readerIndex, place <= fragments.writerIndex else { return time }
            let duration = flags & 0x100 != 0 ? body.readInteger(as: UInt32.self).map(Int64.init) : defaults.duration
            let size = flags & 0x200 != 0 ? body.readInteger(as: UInt32.self).map(Int.init) : defaults.size
            if flags & 0x400 != 0 { _ = body.readInteger(as: UInt32.self) }
            let shift = flags & 0x800 != 0 ? body.readInteger(as: Int32.self).map(Int64.init) : 0
            guard let duration, let size, let shift, size > 0 else { return time }
            if let sample = fragments.getSlice(at: place, length: size) {
                let stamp = sample.withUnsafeReadableBytes { FrameStamp.first(in: $0)?.microseconds }
                frames.append(
                    StampedFrame(pts: (time &+ shift).multipliedReportingOverflow(by: 90_000).partialValue / video.timescale, stamp: stamp))
            }
            place += size
            time &+= duration
        }
        return time
    }

    /// Every box with its body and its offset in the bytes; containers first, then what is in them. Stops at a box that is cut off.
    private static func walk(_ bytes: ByteBuffer, _ each: (String, ByteBuffer, Int) -> Void) {
        var rest = bytes
        let start = bytes.readerIndex
        func descend(_ level: inout ByteBuffer) {
            while level.readableBytes >= 8 {
                let offset = level.readerIndex - start
                guard let size = level.readInteger(as: UInt32.self), let kind = level.readString(length: 4) else { return }
                let length = size == 0 ? level.readableBytes : Int(size) - 8
                // Sizes of 64 bits are of media data too long for a part.
                guard length >= 0, length <= level.readableBytes else { return }
                let end = level.readerIndex + length
                guard let body = level.getSlice(at: level.readerIndex, length: length) else { return }
                each(kind, body, offset)
                if containers.contains(kind) {
                    var inner = level
                    inner.moveWriterIndex(to: end)
                    descend(&inner)
                }
                level.moveReaderIndex(to: end)
            }
        }
        descend(&rest)
    }

    private static func words(_ body: inout ByteBuffer, _ count: Int) -> [UInt32]? {
        guard body.readableBytes >= 4 * count else { return nil }
        return (0..<count).compactMap { _ in body.readInteger(as: UInt32.self) }
    }
}
