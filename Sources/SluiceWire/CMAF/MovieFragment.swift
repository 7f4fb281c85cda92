import NIOCore

/// One access unit in a fragment; times in its track's timescale.
struct FragmentSample {
    var duration: UInt32
    /// Presentation less decode time.
    var offset: Int32
    var isSync: Bool
    var payload: ByteBuffer
}

/// The samples of one track in a fragment.
struct TrackRun {
    var track: UInt32
    /// Of the first sample.
    var decodeTime: UInt64
    var samples: [FragmentSample]
}

/// One `moof` with its `mdat` (ISO/IEC 14496-12 §8.8), all tracks together.
enum MovieFragment {
    /// Depends on no other sample, or on some and is no sync sample (§8.8.3.1).
    private static let syncFlags: UInt32 = 0x0200_0000
    private static let dependentFlags: UInt32 = 0x0101_0000
    /// Boxes and their fixed fields, for a guess of the size.
    private static let fragmentHead = 40
    private static let runHead = 100

    static func write(number: UInt32, _ runs: [TrackRun]) -> ByteBuffer {
        let payload = runs.reduce(0) { $1.samples.reduce($0) { $0 + $1.payload.readableBytes } }
        let heads = runs.reduce(fragmentHead) { $0 + runHead + 16 * $1.samples.count }
        var writer = BoxWriter(capacity: payload + heads)
        var offsets: [Int] = []
        writer.box("moof") { writer in
            writer.fullBox("mfhd") { $0.put(number) }
            for run in runs { writer.box("traf") { offsets.append(write(run, to: &$0)) } }
        }
        // Data offsets count from the first byte of `moof`, which is the buffer's.
        var place = writer.position + 8
        for (run, offset) in zip(runs, offsets) {
            writer.set(UInt32(truncatingIfNeeded: place), at: offset)
            place += run.samples.reduce(0) { $0 + $1.payload.readableBytes }
        }
        writer.box("mdat") { writer in
            for run in runs { for sample in run.samples { writer.put(sample.payload) } }
        }
        return writer.bytes
    }

    /// - Returns: where the data offset is to be filled in.
    private static func write(_ run: TrackRun, to writer: inout BoxWriter) -> Int {
        let first = run.samples[0]
        let hasOneDuration = run.samples.allSatisfy { $0.duration == first.duration }
        let hasOffsets = run.samples.contains { $0.offset != 0 }
        let others = run.samples.dropFirst()
        let otherFlags = (others.first ?? first).isSync ? syncFlags : dependentFlags
        let hasTwoKinds = others.allSatisfy { $0.isSync == others.first?.isSync }
        // default-base-is-moof, default flags, and one duration for all where there is one.
        writer.fullBox("tfhd", flags: 0x20020 | (hasOneDuration ? 0x8 : 0)) { writer in
            writer.put(run.track)
            if hasOneDuration { writer.put(first.duration) }
            writer.put(otherFlags)
        }
        writer.fullBox("tfdt", version: 1) { $0.put(run.decodeTime) }
        var dataOffset = 0
        let perSample: UInt32 = (hasOneDuration ? 0 : 0x100) | 0x200 | (hasTwoKinds ? 0 : 0x400) | (hasOffsets ? 0x800 : 0)
        writer.fullBox("trun", version: 1, flags: 0x1 | (hasTwoKinds ? 0x4 : 0) | perSample) { writer in
            writer.put(UInt32(run.samples.count))
            dataOffset = writer.position
            writer.put(UInt32(0))
            if hasTwoKinds { writer.put(first.isSync ? syncFlags : dependentFlags) }
            for sample in run.samples {
                if !hasOneDuration { writer.put(sample.duration) }
                writer.put(UInt32(sample.payload.readableBytes))
                if !hasTwoKinds { writer.put(sample.isSync ? syncFlags : dependentFlags) }
                if hasOffsets { writer.put(sample.offset) }
            }
        }
        return dataOffset
    }
}
