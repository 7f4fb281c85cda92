package import NIOCore

/// The video frames of an MPEG-TS segment.
package enum TransportStreamFrames {
    private static let packetSize = 188
    /// Where an access unit is looked through for its stamp: SEI messages stand before the picture.
    private static let searched = 4 << 10

    package static func read(_ segment: ByteBuffer) -> [StampedFrame] {
        segment.withUnsafeReadableBytes { bytes in
            var frames: [StampedFrame] = []
            var video: Int?
            var unit: [UInt8] = []
            func close() {
                if let frame = frame(unit) { frames.append(frame) }
                unit.removeAll(keepingCapacity: true)
            }
            for start in stride(from: 0, through: bytes.count - packetSize, by: packetSize) {
                let packet = UnsafeRawBufferPointer(rebasing: bytes[start..<start + packetSize])
                guard packet[0] == 0x47, packet[3] & 0x10 != 0 else { continue }
                let identifier = Int(packet[1] & 0x1f) << 8 | Int(packet[2])
                let begin = packet[3] & 0x20 == 0 ? 4 : 5 + Int(packet[4])
                guard begin < packetSize else { continue }
                let payload = packet[begin...]
                if packet[1] & 0x40 != 0 {
                    let isVideo =
                        payload.count >= 4 && payload[begin] == 0 && payload[begin + 1] == 0 && payload[begin + 2] == 1
                        && payload[begin + 3] & 0xf0 == 0xe0
                    if isVideo, video == nil { video = identifier }
                    if identifier == video { close() }
                }
                if identifier == video, unit.count < searched { unit.append(contentsOf: payload) }
            }
            close()
            return frames
        }
    }

    /// - Parameter unit: a PES packet, or its beginning.
    private static func frame(_ unit: [UInt8]) -> StampedFrame? {
        guard unit.count >= 14, unit[7] & 0x80 != 0 else { return nil }
        let time = unit[9..<14].map(Int64.init)
        let pts = (time[0] >> 1 & 7) << 30 | time[1] << 22 | (time[2] >> 1) << 15 | time[3] << 7 | time[4] >> 1
        return StampedFrame(pts: pts, stamp: unit.withUnsafeBytes { FrameStamp.first(in: $0)?.microseconds })
    }
}
