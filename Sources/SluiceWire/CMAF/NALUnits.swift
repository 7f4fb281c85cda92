import NIOCore

/// H.264 and HEVC between start codes (Annex B), as MPEG-TS carries them.
enum NALUnits {
    /// Ranges of the units in the payload, start codes and trailing zeros left out.
    static func ranges(in payload: ByteBuffer) -> [Range<Int>] {
        payload.withUnsafeReadableBytes { bytes in
            var ranges: [Range<Int>] = []
            var start: Int?
            var index = 0
            func end(at position: Int) {
                guard let begin = start else { return }
                var last = position
                while last > begin, bytes[last - 1] == 0 { last -= 1 }
                if last > begin { ranges.append(begin..<last) }
            }
            while index + 2 < bytes.count {
                if bytes[index + 2] > 1 {
                    index += 3
                } else if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
                    end(at: index)
                    index += 3
                    start = index
                } else {
                    index += 1
                }
            }
            end(at: bytes.count)
            return ranges
        }
    }
}
