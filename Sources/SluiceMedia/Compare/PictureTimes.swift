internal import CFFmpeg
import NIOCore
import SluiceTypes

/// When the pictures of a segment are shown, in order, ticks of 90 000 a second.
struct PictureTimes {
    /// A picture of a rendition, and those of the source that it may be of.
    struct Pair {
        var made: Int64
        var sources: Set<Int64>
    }

    /// Ten seconds of sixty pictures; longer segments are not compared.
    static let most = 600
    /// Of one segment or rendition.
    static let mostBytes = 32 << 20
    /// 4K and a little.
    static let mostPixels = 4096 * 2304
    /// Times of an MP4 may be anything; these are some thousand years, and far from where arithmetic ends.
    private static let range: ClosedRange<Int64> = -(1 << 52)...(1 << 52)

    let times: [Int64]
    let width: Int
    let height: Int
    /// Ticks from one picture to the next, the middle one of all.
    let step: Int64

    init(_ bytes: ByteBuffer, _ container: SegmentContainer) throws(MediaError) {
        guard bytes.readableBytes <= Self.mostBytes else {
            throw MediaError("\(bytes.readableBytes) bytes; at most \(Self.mostBytes) are compared")
        }
        let input = try InputMemory(bytes, container: container)
        guard let context = input.context, let video = SegmentInspector.stream(of: AVMEDIA_TYPE_VIDEO, in: context) else {
            throw MediaError("no video in it")
        }
        (width, height) = (Int(video.pointee.codecpar.pointee.width), Int(video.pointee.codecpar.pointee.height))
        guard width >= 16, height >= 16 else { throw MediaError("no picture size in the video") }
        guard width * height <= Self.mostPixels else { throw MediaError("pictures of \(width)x\(height); at most 4096x2304 are compared") }
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        guard let packet else { throw MediaError("out of memory") }
        var found: [Int64] = []
        while av_read_frame(context, packet) >= 0 {
            defer { av_packet_unref(packet) }
            guard packet.pointee.stream_index == video.pointee.index, packet.pointee.size > 0 else { continue }
            let stamp = packet.pointee.pts == sluice_no_pts ? packet.pointee.dts : packet.pointee.pts
            guard stamp != sluice_no_pts else { continue }
            guard found.count < Self.most else { throw MediaError("more than \(Self.most) pictures") }
            let time = av_rescale_q(stamp, video.pointee.time_base, FFmpeg.ticks)
            guard Self.range.contains(time) else { throw MediaError("a picture at a time that is none of a clock") }
            found.append(time)
        }
        guard !found.isEmpty else { throw MediaError("no pictures in it") }
        found.sort()
        times = found
        let steps = zip(found, found.dropFirst()).map { $1 - $0 }.sorted()
        step = steps.isEmpty ? 3000 : max(1, steps[steps.count / 2])
    }

    /// Pictures that a rendition of this must have.
    func count(for profile: TranscodeProfile) -> Int {
        guard let rate = profile.frameRate, let first = times.first, let last = times.last else { return times.count }
        return max(1, Int((Double(last - first + step) / 90_000 * rate.value).rounded()))
    }

    /// As many as `most`, evenly over the rendition. Its times are brought onto the source's where they lie elsewhere altogether.
    func pairs(with made: PictureTimes, most: Int) -> [Pair] {
        guard let first = times.first, let last = times.last, let start = made.times.first else { return [] }
        let inside = made.times.count { $0 >= first - step && $0 <= last + step }
        let shift = inside * 2 >= made.times.count ? 0 : first - start
        let count = min(most, made.times.count)
        var pairs: [Pair] = []
        for number in 0..<count {
            // Never the same one twice: `count` is at most as many as there are.
            let time = made.times[number * made.times.count / count]
            let near = times.filter { abs($0 - (time + shift)) <= step }
            if !near.isEmpty { pairs.append(Pair(made: time, sources: Set(near))) }
        }
        return pairs
    }
}

/// Decodes a segment and gives out the pictures that are asked for.
enum PictureReading {
    /// In their own size.
    static func pictures(
        _ bytes: ByteBuffer, _ container: SegmentContainer, at times: Set<Int64>
    ) throws(MediaError) -> [Int64: LumaPlane] {
        var found: [Int64: LumaPlane] = [:]
        try each(bytes, container, at: times, width: nil, height: nil) { found[$0] = $1 }
        guard !found.isEmpty else { throw MediaError("none of its pictures can be decoded") }
        return found
    }

    /// - Parameters:
    ///   - times: as `PictureTimes` has them.
    ///   - width: that pictures are scaled to; `nil` for the stream's own.
    static func each(
        _ bytes: ByteBuffer, _ container: SegmentContainer, at times: Set<Int64>, width: Int?, height: Int?,
        _ body: (Int64, LumaPlane) -> Void
    ) throws(MediaError) {
        let input = try InputMemory(bytes, container: container)
        guard let context = input.context, let video = SegmentInspector.stream(of: AVMEDIA_TYPE_VIDEO, in: context) else {
            throw MediaError("no video in it")
        }
        let decoder: SegmentDecoder
        do throws(SegmentFailure) { decoder = try SegmentDecoder(video) } catch { throw MediaError("\(error)") }
        let coding = video.pointee.codecpar.pointee
        let size = (width: width ?? Int(coding.width), height: height ?? Int(coding.height))
        var packet = av_packet_alloc()
        var scaler: OpaquePointer?
        defer {
            av_packet_free(&packet)
            sws_freeContext(scaler)
        }
        guard let packet else { throw MediaError("out of memory") }
        func onFrame(_ frame: UnsafeMutablePointer<AVFrame>) {
            guard times.contains(frame.pointee.pts), frame.pointee.width > 0, frame.pointee.height > 0,
                let plane = LumaPlane(frame, width: size.width, height: size.height, scaler: &scaler)
            else { return }
            body(frame.pointee.pts, plane)
        }
        var left = PictureTimes.most
        while left > 0, av_read_frame(context, packet) >= 0 {
            defer { av_packet_unref(packet) }
            guard packet.pointee.stream_index == video.pointee.index else { continue }
            left -= 1
            av_packet_rescale_ts(packet, video.pointee.time_base, FFmpeg.ticks)
            decoder.decode(packet, onFrame)
        }
        decoder.decode(nil, onFrame)
    }
}
