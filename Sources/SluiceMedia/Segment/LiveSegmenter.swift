internal import NIOCore
package import SluiceTypes

/// Turns one publisher's packets into MPEG-TS segments, synchronously, on the caller's event loop: no task, no thread.
///
/// A segment leaves the moment the packet that opens the next one arrives, the last in `finish`.
package final class LiveSegmenter: PacketSink {
    package struct Settings: Sendable {
        package var target: Duration
        /// Whether segments carry their Keccak-256: only worth its time where they are sent to orchestrators.
        package var hashing: Bool

        package init(target: Duration = .seconds(2), hashing: Bool = true) {
            self.target = target
            self.hashing = hashing
        }
    }

    private struct Open {
        let writer: TransportStreamWriter
        let startsDiscontinuity: Bool
        let firstByte: ContinuousClock.Instant
        let firstByteWallClock: Int64
        /// First presentation time of the track that leads: video where there is some.
        var videoStart: MediaTime?
        var audioStart: MediaTime?
        var videoEnd: MediaTime = .zero
        var audioEnd: MediaTime = .zero
        var videoFrames = 0

        var start: MediaTime { videoStart ?? audioStart ?? .zero }
    }

    /// Cut whatever comes past this, so that a publisher without key frames or with a broken clock cannot fill memory:
    /// 10 s at 50 Mbit/s.
    private static let largestSegment = 64 << 20

    private let stream: StreamID
    private let settings: Settings
    private let now: () -> ContinuousClock.Instant
    private let wallClock: () -> Int64
    private let onSegment: (Segment) -> Void
    private let onWarning: (String) -> Void

    private var cutter: SegmentCutter
    private var sequence: SegmentSequence
    private var video: VideoParameters?
    private var audio: AudioParameters?
    private var open: Open?
    private var mustReopen = false
    private var lastSize = 1 << 16

    package init(
        stream: StreamID, firstSequence: SegmentSequence, settings: Settings,
        now: @escaping () -> ContinuousClock.Instant = { .now }, wallClock: @escaping () -> Int64 = wallClockNanoseconds,
        onSegment: @escaping (Segment) -> Void, onWarning: @escaping (String) -> Void
    ) {
        self.stream = stream
        self.settings = settings
        self.now = now
        self.wallClock = wallClock
        self.onSegment = onSegment
        self.onWarning = onWarning
        sequence = firstSequence
        cutter = SegmentCutter(target: settings.target, hasVideo: false)
    }

    package func configure(video: VideoParameters) {
        guard video != self.video else { return }
        self.video = video
        cutter.expectVideo()
        mustReopen = open != nil
    }

    package func configure(audio: AudioParameters) {
        guard audio != self.audio else { return }
        self.audio = audio
        mustReopen = open != nil
    }

    package func consume(_ packet: EncodedPacket) {
        var decision = cutter.decide(track: packet.track, pts: packet.pts, dts: packet.dts, isKey: packet.isKey)
        if decision == .append, let open {
            if mustReopen {
                decision = .cutDiscontinuity
            } else if open.writer.size > Self.largestSegment {
                decision = .cutForced
            }
            if decision != .append { cutter.open(with: packet.track, at: packet.dts) }
        }
        if decision == .cutForced {
            onWarning("no key frame for too long: segment \(sequence.next) starts without one; shorten the publisher's key frame interval")
        }
        if decision != .append { close(next: packet) }
        if open == nil { reopen(discontinuity: decision == .cutDiscontinuity) }
        append(packet)
    }

    package func finish() { close(next: nil) }

    private func append(_ packet: EncodedPacket) {
        guard let writer = open?.writer else { return }
        do throws(MediaError) {
            try writer.append(packet)
        } catch {
            onWarning("\(packet.track) packet at \(packet.dts) left out: \(error)")
            return
        }
        switch packet.track {
        case .video:
            open?.videoFrames += 1
            if let start = open?.videoStart {
                open?.videoStart = min(start, packet.pts)
                if let end = open?.videoEnd, packet.pts > end { open?.videoEnd = packet.pts }
            } else {
                open?.videoStart = packet.pts
                open?.videoEnd = packet.pts
            }
        case .audio:
            if open?.audioStart == nil { open?.audioStart = packet.pts }
            open?.audioEnd = packet.pts
        }
    }

    private func reopen(discontinuity: Bool) {
        mustReopen = false
        do throws(MediaError) {
            let writer = try TransportStreamWriter(
                video: video, audio: audio, capacity: lastSize, hashing: settings.hashing)
            open = Open(
                writer: writer, startsDiscontinuity: discontinuity, firstByte: now(), firstByteWallClock: wallClock())
        } catch {
            onWarning("segment \(sequence) cannot be opened: \(error)")
        }
    }

    private func close(next: EncodedPacket?) {
        guard let open else { return }
        self.open = nil
        let output: TransportStreamWriter.Output
        do throws(MediaError) {
            output = try open.writer.finish()
        } catch {
            onWarning("segment \(sequence) is lost: \(error)")
            sequence = sequence.next
            return
        }
        lastSize = output.bytes.readableBytes
        var video = open.videoFrames > 0 ? self.video : nil
        let duration = Self.duration(of: open, next: next)
        if video?.frameRate == nil, open.videoFrames > 1 {
            video?.frameRate = Self.frameRate(frames: open.videoFrames, over: duration)
        }
        let segment = Segment(
            stream: stream, sequence: sequence, container: .mpegTS, bytes: output.bytes, start: open.start,
            duration: duration.duration, startsDiscontinuity: open.startsDiscontinuity, video: video,
            audio: open.audioStart == nil ? nil : audio, videoFrames: open.videoFrames, hash: output.hash,
            timeline: SegmentTimeline(
                firstByteWallClock: open.firstByteWallClock, lastByteWallClock: wallClock(), firstByte: open.firstByte,
                cut: now()))
        sequence = sequence.next
        onSegment(segment)
    }

    /// To the next segment's first picture where that continues this one, else to the end of the last picture by the mean
    /// distance of those before it.
    private static func duration(of open: Open, next: EncodedPacket?) -> MediaTime {
        let leads: Track = open.videoStart == nil ? .audio : .video
        let end = leads == .video ? open.videoEnd : open.audioEnd
        let span = end - open.start
        let slack: Int64 = MediaTime.ticksPerSecond
        if let next, next.track == leads, next.pts > open.start, abs((next.pts - end).ticks) < slack {
            return next.pts - open.start
        }
        guard leads == .video, open.videoFrames > 1 else { return span + MediaTime(milliseconds: leads == .audio ? 21 : 33) }
        return span + MediaTime(ticks: span.ticks / Int64(open.videoFrames - 1))
    }

    private static func frameRate(frames: Int, over span: MediaTime) -> Rational? {
        guard span.ticks > 0 else { return nil }
        return Rational(Int((Double(frames) / span.seconds * 1000).rounded()), 1000)
    }
}
