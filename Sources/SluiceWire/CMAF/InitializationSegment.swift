package import NIOCore
package import SluiceTypes

/// What cannot be carried in fragmented MP4, and why.
package struct CMAFError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The head of a fragmented MP4 track pair (ISO/IEC 23000-19): `ftyp` and `moov`, everything a decoder must know and no media.
package enum InitializationSegment {
    /// The track's number in every fragment.
    static let videoTrack: UInt32 = 1
    static let audioTrack: UInt32 = 2
    /// Video times are in the stream's own ticks.
    static let videoTimescale = UInt32(MediaTime.ticksPerSecond)

    /// - Throws: when a coding has no place here or its configuration is missing.
    package static func make(video: VideoParameters?, audio: AudioParameters?) throws(CMAFError) -> ByteBuffer {
        let videoEntry = try video.map { parameters throws(CMAFError) in try SampleEntry.video(parameters) }
        let audioEntry = try audio.map { parameters throws(CMAFError) in try SampleEntry.audio(parameters) }
        guard videoEntry != nil || audioEntry != nil else { throw CMAFError("neither video nor audio") }
        var writer = BoxWriter(capacity: 1500)
        writer.box("ftyp") { writer in
            writer.put("iso6")
            writer.put(UInt32(1))
            for brand: StaticString in ["iso6", "cmfc", "mp41"] { writer.put(brand) }
        }
        writer.box("moov") { writer in
            writer.fullBox("mvhd") { writer in
                writer.zeros(8)
                writer.put(videoTimescale)
                writer.put(UInt32(0))
                writer.put(UInt32(0x10000))
                writer.put(UInt16(0x100))
                writer.zeros(10)
                matrix(&writer)
                writer.zeros(24)
                writer.put(audioTrack + 1)
            }
            if let video, let videoEntry {
                track(&writer, videoTrack, timescale: videoTimescale, size: (video.width, video.height), entry: videoEntry)
            }
            if let audio, let audioEntry {
                track(&writer, audioTrack, timescale: AudioTimeline.timescale(of: audio), size: nil, entry: audioEntry)
            }
            writer.box("mvex") { writer in
                if videoEntry != nil { extends(&writer, videoTrack) }
                if audioEntry != nil { extends(&writer, audioTrack) }
            }
        }
        return writer.bytes
    }

    private static func extends(_ writer: inout BoxWriter, _ track: UInt32) {
        writer.fullBox("trex") { writer in
            writer.put(track)
            writer.put(UInt32(1))
            writer.zeros(12)
        }
    }

    private static func matrix(_ writer: inout BoxWriter) {
        for value: UInt32 in [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000] { writer.put(value) }
    }

    /// - Parameter size: of the picture; `nil` for sound.
    private static func track(
        _ writer: inout BoxWriter, _ number: UInt32, timescale: UInt32, size: (width: Int, height: Int)?, entry: ByteBuffer
    ) {
        writer.box("trak") { writer in
            writer.fullBox("tkhd", flags: 3) { writer in
                writer.zeros(8)
                writer.put(number)
                writer.zeros(8)
                writer.zeros(8)
                writer.put(UInt32(0))
                writer.put(UInt16(size == nil ? 0x100 : 0))
                writer.put(UInt16(0))
                matrix(&writer)
                writer.put(UInt32(clamping: size?.width ?? 0) << 16)
                writer.put(UInt32(clamping: size?.height ?? 0) << 16)
            }
            writer.box("mdia") { writer in
                writer.fullBox("mdhd") { writer in
                    writer.zeros(8)
                    writer.put(timescale)
                    writer.put(UInt32(0))
                    // "und", five bits a letter.
                    writer.put(UInt32(0x55c4) << 16)
                }
                writer.fullBox("hdlr") { writer in
                    writer.put(UInt32(0))
                    writer.put(size == nil ? "soun" : "vide")
                    writer.zeros(12)
                    writer.put(size == nil ? "audio" : "video")
                    writer.zeros(1)
                }
                writer.box("minf") { writer in
                    if size == nil {
                        writer.fullBox("smhd") { $0.zeros(4) }
                    } else {
                        writer.fullBox("vmhd", flags: 1) { $0.zeros(8) }
                    }
                    writer.box("dinf") { writer in
                        writer.fullBox("dref") { writer in
                            writer.put(UInt32(1))
                            writer.fullBox("url ", flags: 1) { _ in }
                        }
                    }
                    writer.box("stbl") { writer in
                        writer.fullBox("stsd") { writer in
                            writer.put(UInt32(1))
                            writer.put(entry)
                        }
                        writer.fullBox("stts") { $0.zeros(4) }
                        writer.fullBox("stsc") { $0.zeros(4) }
                        writer.fullBox("stsz") { $0.zeros(8) }
                        writer.fullBox("stco") { $0.zeros(4) }
                    }
                }
            }
        }
    }
}
