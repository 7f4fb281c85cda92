internal import CFFmpeg

/// Draws the test picture: a pattern that moves, a band of snow that no encoder can predict, and the time of day (UTC).
final class Canvas {
    /// The pattern repeats after so many pixels.
    private static let period = 1024
    /// Of the height, for the snow: about what 2 Mb/s are needed for.
    private static let snowShare = 10
    /// Rows of five dots, from the top: the digits, colon and full stop.
    private static let glyphs: [Character: [UInt8]] = [
        "0": [14, 17, 19, 21, 25, 17, 14], "1": [4, 12, 4, 4, 4, 4, 14], "2": [14, 17, 1, 2, 4, 8, 31], "3": [31, 2, 4, 2, 1, 17, 14],
        "4": [2, 6, 10, 18, 31, 2, 2], "5": [31, 16, 30, 1, 1, 17, 14], "6": [6, 8, 16, 30, 17, 17, 14], "7": [31, 1, 2, 4, 8, 8, 8],
        "8": [14, 17, 17, 14, 17, 17, 14], "9": [14, 17, 17, 15, 1, 2, 12], ":": [0, 4, 4, 0, 4, 4, 0], ".": [0, 0, 0, 0, 0, 12, 12],
    ]

    private let width: Int
    private let height: Int
    private var frame: UnsafeMutablePointer<AVFrame>?
    private let pattern: [UInt8]
    private var chance: UInt64 = 0x9e37_79b9_7f4a_7c15

    init(width: Int, height: Int) throws(MediaError) {
        self.width = width
        self.height = height
        pattern = (0..<width + Self.period).map { x in
            let place = x % Self.period
            return UInt8(40 + (place < Self.period / 2 ? place : Self.period - place) * 160 / (Self.period / 2))
        }
        frame = av_frame_alloc()
        guard let frame else { throw MediaError("out of memory") }
        frame.pointee.width = Int32(clamping: width)
        frame.pointee.height = Int32(clamping: height)
        frame.pointee.format = AV_PIX_FMT_YUV420P.rawValue
        let result = av_frame_get_buffer(frame, 0)
        guard result >= 0 else { throw MediaError("a picture of \(width)×\(height)", code: result) }
        for plane in 1...2 {
            guard let rows = self.plane(frame, plane) else { throw MediaError("out of memory") }
            for y in 0..<height / 2 {
                let value = UInt8(clamping: plane == 1 ? 80 + y * 100 / height : 180 - y * 100 / height)
                memset(rows + y * stride(frame, plane), Int32(value), width / 2)
            }
        }
    }

    deinit { av_frame_free(&frame) }

    /// - Returns: the frame, valid until the next is drawn.
    func draw(_ index: Int, wallClock: Int64) throws(MediaError) -> UnsafeMutablePointer<AVFrame> {
        // The encoder may still hold the one before.
        guard let frame, av_frame_make_writable(frame) >= 0, let luma = plane(frame, 0) else { throw MediaError("out of memory") }
        let stride = stride(frame, 0)
        pattern.withUnsafeBytes { pattern in
            guard let base = pattern.baseAddress else { return }
            for y in 0..<height { memcpy(luma + y * stride, base + (index * 4 + y) % Self.period, width) }
        }
        for y in (height - height / Self.snowShare)..<height { snow(luma + y * stride) }
        write(Self.timeOfDay(wallClock), luma, stride)
        return frame
    }

    private func snow(_ row: UnsafeMutablePointer<UInt8>) {
        for x in Swift.stride(from: 0, to: width - 7, by: 8) {
            chance ^= chance << 13
            chance ^= chance >> 7
            chance ^= chance << 17
            UnsafeMutableRawPointer(row + x).storeBytes(of: chance & 0x7f7f_7f7f_7f7f_7f7f, as: UInt64.self)
        }
    }

    private func write(_ text: String, _ luma: UnsafeMutablePointer<UInt8>, _ stride: Int) {
        let dot = max(1, width / (6 * text.count + 12))
        guard 11 * dot < height else { return }
        let left = dot * 6
        for y in 0..<11 * dot { memset(luma + (y + dot) * stride + left - dot, 16, (6 * text.count + 1) * dot) }
        for (place, character) in text.enumerated() {
            for (y, bits) in (Self.glyphs[character] ?? []).enumerated() {
                for x in 0..<5 where bits & (16 >> UInt8(x)) != 0 {
                    for line in 0..<dot {
                        memset(luma + ((y + 3) * dot + line) * stride + left + (place * 6 + x) * dot, 235, dot)
                    }
                }
            }
        }
    }

    private static func timeOfDay(_ nanoseconds: Int64) -> String {
        let milliseconds = nanoseconds / 1_000_000 % 86_400_000
        func pad(_ value: Int64, _ count: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, count - digits.count)) + digits
        }
        return "\(pad(milliseconds / 3_600_000, 2)):\(pad(milliseconds / 60_000 % 60, 2)):\(pad(milliseconds / 1000 % 60, 2))."
            + pad(milliseconds % 1000, 3)
    }

    private func plane(_ frame: UnsafeMutablePointer<AVFrame>, _ plane: Int) -> UnsafeMutablePointer<UInt8>? {
        let data = withUnsafeBytes(of: &frame.pointee.data) { $0.bindMemory(to: UnsafeMutablePointer<UInt8>?.self)[plane] }
        return data
    }

    private func stride(_ frame: UnsafeMutablePointer<AVFrame>, _ plane: Int) -> Int {
        Int(withUnsafeBytes(of: &frame.pointee.linesize) { $0.bindMemory(to: Int32.self)[plane] })
    }
}
