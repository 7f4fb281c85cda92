internal import NIOCore
package import SluiceTypes

/// Hears, synchronously, what becomes of a publisher's packets: for those who do not wait for a segment's end.
package protocol SegmentListener: AnyObject {
    /// The next packets are those of a segment with these codings.
    func opened(_ sequence: SegmentSequence, video: VideoParameters?, audio: AudioParameters?, startsDiscontinuity: Bool, wallClock: Int64)
    /// The open segment, the first of its publisher, has a track that was not known when it was opened.
    func announced(video: VideoParameters?, audio: AudioParameters?)
    func took(_ packet: EncodedPacket)
    /// - Parameter next: the packet that opens the next segment; `nil` at the end of the stream.
    func closed(next: EncodedPacket?)
}

/// Turns one publisher's packets into segments (`SegmentWriter`), synchronously, on the caller's event loop: no task, no thread.
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
        var carrier: Carrier
        /// Where its bytes go while it is being cut.
        var feed: SegmentFeed?
        let startsDiscontinuity: Bool
        let firstByte: ContinuousClock.Instant
        let firstByteWallClock: Int64
        /// First presentation time of the track that leads: video where there is some.
        var videoStart: MediaTime?
        var audioStart: MediaTime?
        var videoEnd: MediaTime = .zero
        var audioEnd: MediaTime = .zero
        var videoFrames = 0
        var hasLeftOut = false

        var start: MediaTime { videoStart ?? audioStart ?? .zero }
    }

    private struct Codings: Hashable {
        var video: VideoParameters?
        var audio: AudioParameters?
    }

    /// A writer and the codings it was opened with.
    private struct Carrier {
        let writer: SegmentWriter
        let codings: Codings
        /// `false` from a change of coding on: what comes then waits for the next segment.
        var takesVideo = true
        var takesAudio = true
    }

    /// The first segment's packets while a track may still be announced: FFmpeg, copying AAC, tells of it with the first sound. The
    /// segment is written again then, with both tracks.
    private struct Replay {
        /// A 4K key frame fits, and writing it again costs a few milliseconds.
        static let largest = 4 << 20

        var packets: [EncodedPacket] = []
        var size = 0
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
    private let listener: (any SegmentListener)?
    private let onOpen: (SegmentSequence, Duration) -> SegmentFeed?

    private var cutter: SegmentCutter
    private var sequence: SegmentSequence
    private var video: VideoParameters?
    private var audio: AudioParameters?
    private var open: Open?
    private var codingsBefore: Codings?
    private var replay: Replay? = Replay()
    private var counters = ContinuityCounters()
    /// What no segment could be opened with: it must not cost the pictures.
    private var unusableAudio: AudioParameters?
    private var lastSize = 1 << 16
    private var lastDuration: Duration

    package init(
        stream: StreamID, firstSequence: SegmentSequence, settings: Settings,
        now: @escaping () -> ContinuousClock.Instant = { .now }, wallClock: @escaping () -> Int64 = wallClockNanoseconds,
        onSegment: @escaping (Segment) -> Void, onWarning: @escaping (String) -> Void, listener: (any SegmentListener)? = nil,
        onOpen: @escaping (SegmentSequence, Duration) -> SegmentFeed? = { _, _ in nil }
    ) {
        self.stream = stream
        self.settings = settings
        self.now = now
        self.wallClock = wallClock
        self.onSegment = onSegment
        self.onWarning = onWarning
        self.listener = listener
        self.onOpen = onOpen
        sequence = firstSequence
        lastDuration = settings.target
        cutter = SegmentCutter(target: settings.target, hasVideo: false)
    }

    package func configure(video: VideoParameters) {
        guard video != self.video else { return }
        let isNew = self.video == nil
        self.video = video
        cutter.expectVideo()
        open?.carrier.takesVideo = false
        changed(isNew: isNew)
    }

    package func configure(audio: AudioParameters) {
        guard audio != self.audio else { return }
        let isNew = self.audio == nil
        self.audio = audio
        open?.carrier.takesAudio = false
        changed(isNew: isNew)
    }

    private func changed(isNew: Bool) {
        guard open != nil else { return }
        if isNew, let replay, let carrier = carrier() {
            for packet in replay.packets { write(packet, to: carrier.writer) }
            open?.carrier = carrier
            listener?.announced(video: carrier.codings.video, audio: carrier.codings.audio)
        } else {
            cutter.expectDiscontinuity()
        }
        endReplayIfComplete()
    }

    package func consume(_ packet: EncodedPacket) {
        var decision = cutter.decide(track: packet.track, pts: packet.pts, dts: packet.dts, isKey: packet.isKey)
        if decision == .append, let open, open.carrier.writer.size > Self.largestSegment {
            decision = .cutForced
            cutter.open(with: packet.track, at: packet.dts)
        }
        if decision == .cutForced {
            onWarning("no key frame for too long: segment \(sequence.next) starts without one; shorten the publisher's key frame interval")
        }
        if decision != .append { close(next: packet) }
        if open == nil { reopen(discontinuity: decision == .cutDiscontinuity) }
        append(packet)
    }

    package func interrupt() { if open != nil { cutter.expectDiscontinuity() } }

    package func finish() { close(next: nil) }

    private func append(_ packet: EncodedPacket) {
        guard let open else { return }
        guard packet.track == .video ? open.carrier.takesVideo : open.carrier.takesAudio else { return leaveOut(packet) }
        // First, as viewers wait for it.
        listener?.took(packet)
        guard write(packet, to: open.carrier.writer) else { return }
        open.feed?.append(open.carrier.writer.takeFresh())
        keep(packet)
        note(packet)
    }

    private func leaveOut(_ packet: EncodedPacket) {
        // What cannot be carried at all has been said.
        guard open?.hasLeftOut == false, packet.track == .video || audio != unusableAudio else { return }
        open?.hasLeftOut = true
        onWarning("segment \(sequence): \(packet.track) whose configuration came in its middle is left out up to the next key frame")
    }

    private func note(_ packet: EncodedPacket) {
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

    @discardableResult
    private func write(_ packet: EncodedPacket, to writer: SegmentWriter) -> Bool {
        do throws(MediaError) {
            try writer.append(packet)
            return true
        } catch {
            onWarning("\(packet.track) packet at \(packet.dts) left out: \(error)")
            return false
        }
    }

    private func keep(_ packet: EncodedPacket) {
        guard replay != nil else { return }
        replay?.packets.append(packet)
        replay?.size += packet.payload.readableBytes
        if let size = replay?.size, size > Replay.largest { replay = nil }
    }

    private func endReplayIfComplete() {
        if video != nil, audio != nil { replay = nil }
    }

    private func reopen(discontinuity: Bool) {
        guard let carrier = carrier() else { return }
        let isOtherCoding = codingsBefore.map { $0 != carrier.codings } ?? false
        let opened = Open(
            carrier: carrier, startsDiscontinuity: discontinuity || isOtherCoding, firstByte: now(), firstByteWallClock: wallClock())
        open = opened
        endReplayIfComplete()
        // The first may still be written anew, and MP4 comes whole.
        if replay == nil, carrier.writer.container == .mpegTS { open?.feed = onOpen(sequence, lastDuration) }
        listener?.opened(
            sequence, video: carrier.codings.video, audio: carrier.codings.audio, startsDiscontinuity: opened.startsDiscontinuity,
            wallClock: opened.firstByteWallClock)
    }

    /// A writer for the codings of today, without the sound where only that stands in the way.
    private func carrier() -> Carrier? {
        let usable = audio == unusableAudio ? nil : audio
        do throws(MediaError) {
            return try carrier(usable)
        } catch {
            guard usable != nil, video != nil, let pictures = try? carrier(nil) else {
                onWarning("segment \(sequence) cannot be opened: \(error)")
                return nil
            }
            onWarning("the sound is left out: \(error)")
            unusableAudio = audio
            return pictures
        }
    }

    private func carrier(_ audio: AudioParameters?) throws(MediaError) -> Carrier {
        let writer = try SegmentWriter(
            video: video, audio: audio, capacity: lastSize, hashing: settings.hashing, counters: counters)
        return Carrier(
            writer: writer, codings: Codings(video: video, audio: audio), takesVideo: video != nil, takesAudio: audio != nil)
    }

    private func close(next: EncodedPacket?) {
        guard let open else { return }
        self.open = nil
        listener?.closed(next: next)
        replay = nil
        codingsBefore = open.carrier.codings
        let output: SegmentWriter.Output
        do throws(MediaError) {
            output = try open.carrier.writer.finish()
        } catch {
            onWarning("segment \(sequence) is lost: \(error)")
            open.feed?.abandon(SegmentFailure(.cancelled, "the segment could not be closed"))
            sequence = sequence.next
            return
        }
        open.feed?.append(output.rest)
        open.feed?.finish(hash: output.hash ?? [])
        lastSize = output.bytes.readableBytes
        counters = output.counters
        var video = open.videoFrames > 0 ? open.carrier.codings.video : nil
        let duration = Self.duration(of: open, next: next)
        lastDuration = duration.duration
        if video?.frameRate == nil, open.videoFrames > 1 {
            video?.frameRate = Self.frameRate(frames: open.videoFrames, over: duration)
        }
        let segment = Segment(
            stream: stream, sequence: sequence, container: open.carrier.writer.container, bytes: output.bytes, start: open.start,
            duration: duration.duration, startsDiscontinuity: open.startsDiscontinuity, video: video,
            audio: open.audioStart == nil ? nil : open.carrier.codings.audio, videoFrames: open.videoFrames, hash: output.hash,
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
