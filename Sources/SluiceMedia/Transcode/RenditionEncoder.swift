internal import CFFmpeg
import NIOCore
import SluiceTypes

/// Makes one rendition per segment: scale, encode, mux. Keeps its encoder and scaler from one segment to the next.
///
/// `@unchecked Sendable`: the session hands it to one encoding thread for the length of a segment and touches it again only
/// after that thread has reported its result.
final class RenditionEncoder: @unchecked Sendable {
    struct Source: Hashable, Sendable {
        var width: Int
        var height: Int
        var rate: Rational
    }

    let profile: TranscodeProfile
    let source: Source
    let width: Int
    let height: Int
    private let choice: EncoderChoice
    private let preset: String
    private var encoder: FrameEncoder?
    private var scaler: OpaquePointer?
    private var scaled: UnsafeMutablePointer<AVFrame>?
    private var lastSize = 1 << 16

    /// The largest side H.264 encoders take.
    private static let largestSide = 8192
    /// Frames per second; more would let a profile ask for work without end.
    private static let highestRate = 240.0
    /// Of a frame rate's fraction; 30000/1001 is far below, and no product of times overflows.
    private static let largestTerm = 1_000_000
    /// Frames of one rendition of one segment: over a minute at the highest rate. More comes of broken times only.
    private static let mostFrames = 20_000

    init(profile: TranscodeProfile, source: Source, choice: EncoderChoice, preset: String) throws(SegmentFailure) {
        let sides = 1...Self.largestSide
        guard sides.contains(profile.width), sides.contains(profile.height) else {
            throw SegmentFailure(.mediaUnusable, "TranscoderInvalidResolution")
        }
        if let rate = profile.frameRate,
            !(1...Self.largestTerm).contains(rate.numerator) || rate.denominator > Self.largestTerm
                || rate.value > Self.highestRate
        {
            throw SegmentFailure(.mediaUnusable, "Invalid argument")
        }
        self.profile = profile
        self.source = source
        self.choice = choice
        self.preset = preset
        (width, height) = profile.outputSize(sourceWidth: source.width, sourceHeight: source.height)
        guard max(width, height) <= Self.largestSide, min(width, height) >= 16 else {
            throw SegmentFailure(.mediaUnusable, "TranscoderInvalidResolution")
        }
    }

    deinit {
        sws_freeContext(scaler)
        av_frame_free(&scaled)
    }

    /// Works the queue off, to its end.
    ///
    /// - Parameters:
    ///   - keyFrameAfter: the first picture later than this on the 33-bit clock is a key frame.
    ///   - onPiece: takes the bytes with each picture; what is returned is empty then.
    func run(
        _ queue: FrameQueue, audio: UnsafeMutablePointer<AVStream>?, keyFrameAfter: Int64? = nil, onPiece: ((ByteBuffer) -> Void)?
    ) throws(SegmentFailure) -> (ByteBuffer, RenditionFacts) {
        var muxer: RenditionMuxer?
        var waitingAudio: [MediaReference] = []
        var grid: FrameGrid?
        var sent = 0
        var received = 0
        var keyFrameAfter = keyFrameAfter

        func encode(_ frame: UnsafeMutablePointer<AVFrame>, at pts: Int64) throws(SegmentFailure) {
            guard sent < Self.mostFrames else { throw SegmentFailure(.mediaUnusable, "Encoded frames runaway") }
            let ready = try prepare(frame)
            ready.pointee.pts = pts
            let isWished = keyFrameAfter.map { Self.isLater(pts, than: $0) } ?? false
            if isWished { keyFrameAfter = nil }
            ready.pointee.pict_type = sent == 0 || isWished ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
            ready.pointee.key_frame = 0
            if sent == 0 {
                muxer = try begin(at: pts, audio: audio, onPiece: onPiece)
                for packet in waitingAudio { if let packet = packet.packet { try muxer?.appendAudio(packet) } }
                waitingAudio = []
            }
            sent += 1
            try encoder?.encode(ready) { (packet) throws(SegmentFailure) in
                received += 1
                try muxer?.appendVideo(packet)
            }
        }

        var held: MediaReference?
        loop: while true {
            switch queue.take() {
            case .aborted: throw SegmentFailure(.cancelled, "transcoding was given up")
            case .ended: break loop
            case .item(let item):
                if let packet = item.packet {
                    if let muxer { try muxer.appendAudio(packet) } else { waitingAudio.append(item) }
                    continue
                }
                guard let frame = item.frame else { continue }
                guard let rate = profile.frameRate else {
                    try encode(frame, at: frame.pointee.pts)
                    continue
                }
                if grid == nil { grid = FrameGrid(start: frame.pointee.pts, rate: rate) }
                if let last = held?.frame {
                    while let time = grid?.next(before: frame.pointee.pts) { try encode(last, at: time) }
                }
                held = item
            }
        }
        if let last = held?.frame {
            let length = Int64((90_000 / source.rate.value).rounded())
            while let time = grid?.next(before: last.pointee.pts &+ length) { try encode(last, at: time) }
        }
        guard let muxer else { throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo") }
        if received < sent {
            // This encoder holds frames back after all: drain it, and open another for the next segment.
            try encoder?.encode(nil) { (packet) throws(SegmentFailure) in try muxer.appendVideo(packet) }
            encoder = nil
        }
        let bytes = try muxer.finish()
        if onPiece == nil { lastSize = bytes.readableBytes }
        return (bytes, RenditionFacts(pixels: Int64(sent) * Int64(width) * Int64(height)))
    }

    private static func isLater(_ time: Int64, than other: Int64) -> Bool {
        (1..<1 << 32).contains((time &- other) & (1 << 33 - 1))
    }

    private func begin(
        at pts: Int64, audio: UnsafeMutablePointer<AVStream>?, onPiece: ((ByteBuffer) -> Void)?
    ) throws(SegmentFailure) -> RenditionMuxer {
        if let open = encoder, !open.continues(at: pts) { encoder = nil }
        if encoder == nil {
            encoder = try FrameEncoder(
                profile: profile, width: width, height: height, rate: profile.frameRate ?? source.rate,
                globalHeader: profile.container == .mp4, encoder: choice, preset: preset)
        }
        guard let context = encoder?.context else { throw SegmentFailure(.mediaUnusable, "Encoder not found") }
        return try RenditionMuxer(
            container: profile.container, video: context, audio: audio, capacity: onPiece == nil ? lastSize : 0, onPiece: onPiece)
    }

    /// A frame of this rendition's size and format; the same one again each time, unless the encoder still holds it.
    private func prepare(_ frame: UnsafeMutablePointer<AVFrame>) throws(SegmentFailure) -> UnsafeMutablePointer<AVFrame> {
        if scaled == nil { scaled = av_frame_alloc() }
        guard let scaled else { throw SegmentFailure(.transcodeFailed, "out of memory") }
        let format = AVPixelFormat(rawValue: frame.pointee.format)
        if frame.pointee.width == width, frame.pointee.height == height, format == AV_PIX_FMT_YUV420P {
            av_frame_unref(scaled)
            guard av_frame_ref(scaled, frame) >= 0 else { throw SegmentFailure(.transcodeFailed, "out of memory") }
            return scaled
        }
        scaler = sws_getCachedContext(
            scaler, frame.pointee.width, frame.pointee.height, format, Int32(width), Int32(height), AV_PIX_FMT_YUV420P,
            SWS_BILINEAR, nil, nil, nil)
        guard scaler != nil else { throw SegmentFailure(.mediaUnusable, "Unsupported input pixel format") }
        if scaled.pointee.width != width || scaled.pointee.height != height || av_frame_is_writable(scaled) == 0 {
            av_frame_unref(scaled)
            scaled.pointee.width = Int32(width)
            scaled.pointee.height = Int32(height)
            scaled.pointee.format = AV_PIX_FMT_YUV420P.rawValue
            guard av_frame_get_buffer(scaled, 0) >= 0 else { throw SegmentFailure(.transcodeFailed, "out of memory") }
        }
        let result = sws_scale_frame(scaler, scaled, frame)
        guard result >= 0 else { throw SegmentFailure(.transcodeFailed, "scaling: \(FFmpeg.text(of: result))") }
        return scaled
    }
}

/// The times of a rendition with a frame rate of its own, counted from the segment's first picture without rounding drift.
struct FrameGrid {
    let start: Int64
    let rate: Rational
    private var count: Int64 = 0

    init(start: Int64, rate: Rational) {
        self.start = start
        self.rate = rate
    }

    /// The next time of the grid, and steps on, if it lies before the grid place nearest to `end`: publishers round their clocks
    /// to milliseconds, and a rate that is already right must neither double nor lose a picture for that.
    mutating func next(before end: Int64) -> Int64? {
        let step = 90_000 * Double(rate.denominator) / Double(max(1, rate.numerator))
        guard Double(count) < (Double(end &- start) / step).rounded() else { return nil }
        let time = start &+ count * 90_000 * Int64(rate.denominator) / Int64(max(1, rate.numerator))
        count += 1
        return time
    }
}
