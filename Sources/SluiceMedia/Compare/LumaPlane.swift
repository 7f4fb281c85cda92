internal import CFFmpeg

/// The brightness of one picture, a byte for each of its places, limited range.
struct LumaPlane {
    let width: Int
    let height: Int
    private let bytes: [UInt8]

    /// - Parameters:
    ///   - frame: decoded; scaled to the size where it has another, and brought into limited range.
    ///   - scaler: kept from one picture to the next; the caller frees it.
    /// - Returns: `nil` where FFmpeg cannot scale such pictures.
    init?(
        _ frame: UnsafeMutablePointer<AVFrame>, width: Int, height: Int, scaler: inout OpaquePointer?
    ) {
        self.width = width
        self.height = height
        let format = AVPixelFormat(rawValue: frame.pointee.format)
        if format == AV_PIX_FMT_YUV420P, frame.pointee.width == width, frame.pointee.height == height {
            guard let bytes = Self.bytes(of: frame, width, height) else { return nil }
            self.bytes = bytes
            return
        }
        scaler = sws_getCachedContext(
            scaler, frame.pointee.width, frame.pointee.height, format, Int32(width), Int32(height), AV_PIX_FMT_YUV420P, SWS_BICUBIC, nil,
            nil, nil)
        var scaled = av_frame_alloc()
        defer { av_frame_free(&scaled) }
        guard scaler != nil, let scaled else { return nil }
        scaled.pointee.width = Int32(width)
        scaled.pointee.height = Int32(height)
        scaled.pointee.format = AV_PIX_FMT_YUV420P.rawValue
        guard av_frame_get_buffer(scaled, 0) >= 0, sws_scale_frame(scaler, scaled, frame) >= 0,
            let bytes = Self.bytes(of: scaled, width, height)
        else { return nil }
        self.bytes = bytes
    }

    /// For tests: made by hand.
    init(width: Int, height: Int, _ value: (Int, Int) -> UInt8) {
        self.width = width
        self.height = height
        bytes = (0..<height).flatMap { row in (0..<width).map { value($0, row) } }
    }

    private static func bytes(of frame: UnsafeMutablePointer<AVFrame>, _ width: Int, _ height: Int) -> [UInt8]? {
        guard let plane = frame.pointee.data.0 else { return nil }
        let stride = Int(frame.pointee.linesize.0)
        return [UInt8](unsafeUninitializedCapacity: width * height) { buffer, count in
            for row in 0..<height {
                for column in 0..<width { buffer[row * width + column] = plane[row * stride + column] }
            }
            count = width * height
        }
    }

    /// Mean of what two pictures of one size differ by, 0 to 255.
    func difference(from other: LumaPlane) -> Double {
        guard !bytes.isEmpty, bytes.count == other.bytes.count else { return 0 }
        var sum = 0
        bytes.withUnsafeBufferPointer { left in
            other.bytes.withUnsafeBufferPointer { right in
                for place in left.indices { sum += abs(Int(left[place]) - Int(right[place])) }
            }
        }
        return Double(sum) / Double(bytes.count)
    }

    /// Mean of the squared differences.
    func squaredError(from other: LumaPlane) -> Double {
        guard !bytes.isEmpty, bytes.count == other.bytes.count else { return 0 }
        var sum = 0
        bytes.withUnsafeBufferPointer { left in
            other.bytes.withUnsafeBufferPointer { right in
                for place in left.indices {
                    let difference = Int(left[place]) - Int(right[place])
                    sum += difference * difference
                }
            }
        }
        return Double(sum) / Double(bytes.count)
    }

    /// Structural similarity (Wang et al. 2004) over windows of 8 × 8 that stand side by side: 1 for the same, near 0 for what has
    /// nothing in common. Windows that would hang over the edge are left out.
    func similarity(to other: LumaPlane) -> Double {
        let side = 8
        guard width >= side, height >= side, bytes.count == other.bytes.count else { return 0 }
        let size = Double(side * side)
        let (light, contrast) = (6.5025, 58.5225)
        var sum = 0.0
        var count = 0
        bytes.withUnsafeBufferPointer { left in
            other.bytes.withUnsafeBufferPointer { right in
                for top in stride(from: 0, through: height - side, by: side) {
                    for start in stride(from: 0, through: width - side, by: side) {
                        var (a, b, aa, bb, ab) = (0, 0, 0, 0, 0)
                        for row in top..<top + side {
                            let line = row * width + start
                            for place in line..<line + side {
                                let (x, y) = (Int(left[place]), Int(right[place]))
                                a += x
                                b += y
                                aa += x * x
                                bb += y * y
                                ab += x * y
                            }
                        }
                        let (meanA, meanB) = (Double(a) / size, Double(b) / size)
                        let varianceA = max(0, Double(aa) / size - meanA * meanA)
                        let varianceB = max(0, Double(bb) / size - meanB * meanB)
                        let covariance = Double(ab) / size - meanA * meanB
                        sum +=
                            (2 * meanA * meanB + light) * (2 * covariance + contrast)
                            / ((meanA * meanA + meanB * meanB + light) * (varianceA + varianceB + contrast))
                        count += 1
                    }
                }
            }
        }
        return sum / Double(max(1, count))
    }
}
