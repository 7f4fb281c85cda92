internal import CFFmpeg
package import NIOCore
package import SluiceTypes

/// Transcodes the segments of one stream, one after another: one decode, every rendition scaled and encoded from it on a
/// thread of its own. Decoder and encoders stay open between segments as long as the source keeps its form.
///
/// Not Sendable: one thread at a time, and one that may block, so the media executor's.
package final class TranscodeSession {
    package struct Settings: Sendable {
        /// x264's; NVENC has its own fixed one.
        package var preset: String
        package var encoder: EncoderChoice
        /// What is done to the pictures before they are encoded; only for plays.
        package var pictureFault: PictureFault?

        package init(preset: String = "veryfast", encoder: EncoderChoice = .automatic, pictureFault: PictureFault? = nil) {
            self.preset = preset
            self.encoder = encoder
            self.pictureFault = pictureFault
        }
    }

    /// Renditions of one segment; the reference's limit.
    package static let mostRenditions = 10

    /// What `settings.encoder` came to: `x264` or `nvenc`.
    package let encoder: EncoderChoice
    private let settings: Settings
    private var decoder: SegmentDecoder?
    private var renditions: [RenditionEncoder] = []

    /// NVENC that was asked for by name and does not open fails each segment; `EncoderProbe.resolve` tells it beforehand.
    package init(settings: Settings = Settings()) {
        self.settings = settings
        encoder = settings.encoder == .automatic ? EncoderProbe.automatic : settings.encoder
    }

    /// Blocks until all renditions are made.
    ///
    /// - Parameters:
    ///   - isCancelled: asked between packets.
    ///   - onRendition: called on the calling thread, with the place in `job.profiles`, in the order they get ready.
    /// - Throws: `mediaUnusable` with one of Livepeer's non-retryable texts (specs/transcoding-protocol §3.6), `cancelled`, or
    ///   `transcodeFailed`. Renditions given before stay good.
    package func transcode(
        _ job: SegmentJob, isCancelled: () -> Bool, onRendition: (Int, ByteBuffer, RenditionFacts) -> Void
    ) throws(SegmentFailure) {
        guard job.profiles.count <= Self.mostRenditions else { throw SegmentFailure(.mediaUnusable, "Too many outputs") }
        let input: InputMemory
        do throws(MediaError) {
            input = try InputMemory(job.segment.bytes, container: job.segment.container)
        } catch {
            throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo")
        }
        guard let context = input.context else { throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo") }
        let audio = SegmentInspector.stream(of: AVMEDIA_TYPE_AUDIO, in: context)
        guard let video = SegmentInspector.stream(of: AVMEDIA_TYPE_VIDEO, in: context) else {
            guard audio != nil else { throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo") }
            for index in job.profiles.indices { onRendition(index, job.segment.bytes, RenditionFacts(pixels: 0)) }
            return
        }
        let decoder = try prepare(video, of: context, for: job.profiles)
        do throws(SegmentFailure) {
            try work(decoder, context, video: video, audio: audio, slice: job.slice, isCancelled, onRendition)
        } catch {
            // What was half fed must not leak into the next segment.
            forget()
            throw error
        }
    }

    func forget() {
        decoder = nil
        renditions = []
    }

    private func prepare(
        _ video: UnsafeMutablePointer<AVStream>, of context: UnsafeMutablePointer<AVFormatContext>, for profiles: [TranscodeProfile]
    ) throws(SegmentFailure) -> SegmentDecoder {
        let parameters = video.pointee.codecpar.pointee
        let open = try decoder(for: video)
        guard parameters.width > 0, parameters.height > 0 else { throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo") }
        let guess = av_guess_frame_rate(context, video, nil)
        let rate = guess.num > 0 && guess.den > 0 ? Rational(Int(guess.num), Int(guess.den)) : Rational(30)
        _ = try encoders(
            for: profiles, RenditionEncoder.Source(width: Int(parameters.width), height: Int(parameters.height), rate: rate))
        return open
    }

    /// The open one, while the coding stays the same.
    func decoder(for video: UnsafeMutablePointer<AVStream>) throws(SegmentFailure) -> SegmentDecoder {
        if let decoder, decoder.coding == SegmentDecoder.Coding(video.pointee.codecpar.pointee) { return decoder }
        let fresh = try SegmentDecoder(video)
        decoder = fresh
        return fresh
    }

    /// The open ones, while source and profiles stay the same.
    func encoders(for profiles: [TranscodeProfile], _ source: RenditionEncoder.Source) throws(SegmentFailure) -> [RenditionEncoder] {
        guard
            renditions.map(\.profile) != profiles || renditions.first?.source.width != source.width
                || renditions.first?.source.height != source.height
        else { return renditions }
        renditions = []
        for profile in profiles {
            renditions.append(try RenditionEncoder(profile: profile, source: source, choice: encoder, preset: settings.preset))
        }
        return renditions
    }

    private func work(
        _ decoder: SegmentDecoder, _ context: UnsafeMutablePointer<AVFormatContext>, video: UnsafeMutablePointer<AVStream>,
        audio: UnsafeMutablePointer<AVStream>?, slice: SegmentSlice?, _ isCancelled: () -> Bool,
        _ onRendition: (Int, ByteBuffer, RenditionFacts) -> Void
    ) throws(SegmentFailure) {
        let lanes = RenditionLanes(renditions, audio: audio)
        var failure: SegmentFailure?
        do throws(SegmentFailure) {
            try feed(lanes, from: decoder, context, video: video, audio: audio, slice: slice, isCancelled)
            lanes.end()
        } catch {
            failure = error
            lanes.abort()
        }
        // All threads must be done before the input goes, whatever happened.
        while let (index, result) = lanes.nextResult() {
            switch result {
            case .success(let (bytes, facts)): if failure == nil { onRendition(index, bytes, facts) }
            case .failure(let error):
                if failure == nil {
                    failure = error
                    lanes.abort()
                }
            }
        }
        if let failure { throw failure }
    }

    private func feed(
        _ lanes: RenditionLanes, from decoder: SegmentDecoder, _ context: UnsafeMutablePointer<AVFormatContext>,
        video: UnsafeMutablePointer<AVStream>, audio: UnsafeMutablePointer<AVStream>?, slice: SegmentSlice?, _ isCancelled: () -> Bool
    ) throws(SegmentFailure) {
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        guard let packet else { throw SegmentFailure(.transcodeFailed, "out of memory") }
        var hasKey = false
        var frames = 0
        var lastPTS = Int64.min
        let falsified = settings.pictureFault.map(FalsifiedPictures.init)
        var pictures = SliceGate(slice)
        var sounds = SliceGate(slice)
        func onFrame(_ frame: UnsafeMutablePointer<AVFrame>) {
            if frame.pointee.pts == sluice_no_pts || frame.pointee.pts <= lastPTS {
                frame.pointee.pts = lastPTS == .min ? 0 : lastPTS &+ 1
            }
            lastPTS = frame.pointee.pts
            guard pictures.admits(frame.pointee.pts) else { return }
            frames += 1
            if let falsified { falsified.put(frame, into: lanes) } else { lanes.put(frame: frame) }
        }
        while av_read_frame(context, packet) >= 0 {
            defer { av_packet_unref(packet) }
            if isCancelled() { throw SegmentFailure(.cancelled, "transcoding was given up") }
            if packet.pointee.stream_index == video.pointee.index {
                hasKey = hasKey || packet.pointee.flags & AV_PKT_FLAG_KEY != 0
                guard hasKey else { continue }
                av_packet_rescale_ts(packet, video.pointee.time_base, FFmpeg.ticks)
                decoder.decode(packet, onFrame)
            } else if let audio, packet.pointee.stream_index == audio.pointee.index {
                guard sounds.admits(av_rescale_q(packet.pointee.pts, audio.pointee.time_base, FFmpeg.ticks)) else { continue }
                lanes.put(audio: packet)
            }
        }
        decoder.decode(nil, onFrame)
        guard hasKey else { throw SegmentFailure(.mediaUnusable, "No keyframes in input") }
        // The wish, not the media, is wrong when nothing lies in the slice: of the hopeless texts this one says it best.
        if frames == 0, pictures.hasRefused { throw SegmentFailure(.mediaUnusable, "Invalid argument") }
        guard frames > 0 else { throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo") }
    }
}

/// Lets through what lies in the slice, counted from the track's first time.
private struct SliceGate {
    private let slice: SegmentSlice?
    private var start: Int64?
    private(set) var hasRefused = false

    init(_ slice: SegmentSlice?) { self.slice = slice }

    mutating func admits(_ pts: Int64) -> Bool {
        guard let slice else { return true }
        // A packet without a time goes with what was before it.
        guard pts != sluice_no_pts else { return !hasRefused }
        let start = start ?? pts
        self.start = start
        let isIn = slice.contains(MediaTime(ticks: pts &- start))
        hasRefused = hasRefused || !isIn
        return isIn
    }
}
