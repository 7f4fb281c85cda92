import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire
import Testing

/// What our demuxer makes of the fixtures is what libavformat makes of them.
@Suite struct TransportStreamComparisonTests {
    @Test(
        arguments: [
            "av720p30gop2s.ts", "av360p-3segments-0.ts", "av360p-3segments-1.ts", "av360p-3segments-2.ts", "bframes.ts", "hevc.ts",
            "audio-only.ts",
        ], [TransportStreamDemuxer.UnboundedEnd.nextUnit, .stuffing])
    func unitsAndTimesAreTheSame(name: String, unboundedEnd: TransportStreamDemuxer.UnboundedEnd) throws {
        let bytes = try mediaFixture(name)
        let reference = try SegmentPackets.read(bytes, container: .mpegTS, near: .zero)
        var demuxer = TransportStreamDemuxer(near: .zero, unboundedEnd: unboundedEnd)
        var packets: [EncodedPacket] = []
        try demuxer.read(bytes) { packets.append($0) }
        try demuxer.end { packets.append($0) }
        for track in [Track.video, .audio] {
            let ours = packets.filter { $0.track == track }
            let theirs = reference.packets.filter { $0.track == track }
            #expect(ours.count == theirs.count)
            // In MP4's form: FFmpeg's parser counts a start code's first zero to the picture before.
            #expect(formatted(ours) == formatted(theirs))
            #expect(ours.map(\.isKey) == theirs.map(\.isKey))
            for (one, other) in zip(ours, theirs) {
                // Sound within a PES packet has no stamp of its own: a tick of rounding.
                #expect(abs(one.pts.ticks - other.pts.ticks) <= (track == .audio ? 1 : 0))
                #expect(abs(one.dts.ticks - other.dts.ticks) <= (track == .audio ? 1 : 0))
            }
        }
        #expect(demuxer.hasVideo == (reference.video != nil) && demuxer.hasAudio == (reference.audio != nil))
        #expect(demuxer.videoCodec == reference.video?.codec)
    }

    private func formatted(_ packets: [EncodedPacket]) -> Int {
        var format = ElementaryFormat(
            video: packets.first?.track == .video ? VideoParameters(codec: codec(of: packets), width: 0, height: 0) : nil,
            audio: packets.first?.track == .audio ? AudioParameters(codec: .aac, sampleRate: 0, channels: 0) : nil)
        var hasher = Hasher()
        for packet in packets { format.format(packet)?.payload.withUnsafeReadableBytes { hasher.combine(bytes: $0) } }
        return hasher.finalize()
    }

    /// HEVC has a head of two bytes; its first unit here is the delimiter.
    private func codec(of packets: [EncodedPacket]) -> VideoCodec {
        guard let payload = packets.first?.payload else { return .h264 }
        return Array(payload.readableBytesView.prefix(6)).suffix(2).contains(0x46) ? .hevc : .h264
    }
}
