/// A tally as it lies on the disk: a version, then its numbers, little end first.
extension PerformanceTally {
    private static let layout: UInt8 = 2
    private static let size = 1 + 6 * 8 + 6 * 8 + 8 + 32 * 4 + 2 * 8 + 6 * 8
    /// The first one knew nothing of pictures.
    private static let firstLayout: UInt8 = 1
    private static let firstSize = 1 + 6 * 8 + 6 * 8 + 8 + 32 * 4

    package var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.layout]
        bytes.reserveCapacity(Self.size)
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        for count in [done, failed, overtaken, full, inTime, swaps] { put(Int64(count)) }
        for sum in [pixelsExpected, pixels, bitsExpected, bits, wei, media] { put(sum.bitPattern) }
        put(lastFault)
        for step in 0..<32 { put(finishes[step]) }
        for count in [pictures.count, pictures.poor] { put(Int64(count)) }
        for sum in [pictures.framesKept, pictures.sizeKept, pictures.ssim, pictures.psnr, pictures.frozen, pictures.kept] {
            put(sum.bitPattern)
        }
        return bytes
    }

    /// - Returns: `nil` for bytes of another layout.
    package init?(bytes: [UInt8]) {
        let isFirst = bytes.count == Self.firstSize && bytes[0] == Self.firstLayout
        guard isFirst || (bytes.count == Self.size && bytes[0] == Self.layout) else { return nil }
        var place = 1
        func take<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
            var value: Value = 0
            for index in 0..<MemoryLayout<Value>.size { value |= Value(truncatingIfNeeded: bytes[place + index]) << Value(8 * index) }
            place += MemoryLayout<Value>.size
            return value
        }
        func count() -> Int { max(0, Int(take(Int64.self))) }
        func sum() -> Double {
            let value = Double(bitPattern: take(UInt64.self))
            return value.isFinite ? value : 0
        }
        self.init()
        done = count()
        failed = count()
        overtaken = count()
        full = count()
        inTime = count()
        swaps = count()
        pixelsExpected = sum()
        pixels = sum()
        bitsExpected = sum()
        bits = sum()
        wei = sum()
        media = sum()
        lastFault = take(Int64.self)
        for step in 0..<32 { finishes[step] = take(UInt32.self) }
        guard !isFirst else { return }
        pictures.count = count()
        pictures.poor = count()
        pictures.framesKept = sum()
        pictures.sizeKept = sum()
        pictures.ssim = sum()
        pictures.psnr = sum()
        pictures.frozen = sum()
        pictures.kept = sum()
    }
}
