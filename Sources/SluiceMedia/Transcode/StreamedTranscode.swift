internal import CFFmpeg
import NIOCore
package import SluiceTypes

extension TranscodeSession {
    /// Transcodes a segment while it comes in: each access unit is decoded once its last byte is there, and each rendition's bytes are
    /// given out with every picture. Blocks until the feed has ended and all renditions are made, or until `reader` is cancelled.
    ///
    /// The bytes are taken as they are: MPEG-TS with one access unit in a PES packet (docs/Streaming-segments.md). Nothing is probed and
    /// nothing parsed, since both would wait for the next picture.
    ///
    /// - Parameter onEvent: rendition events only, on threads of ours; those of one rendition in order.
    /// - Throws: as for a whole segment, and the feed's own failure.
    package func transcode(
        _ job: StreamedJob, from reader: FeedReader, onEvent: @escaping @Sendable (SegmentEvent) -> Void
    ) throws(SegmentFailure) {
        guard job.profiles.count <= Self.mostRenditions else { throw SegmentFailure(.mediaUnusable, "Too many outputs") }
        guard job.container == .mpegTS, job.profiles.allSatisfy({ $0.container == .mpegTS }) else {
            throw SegmentFailure(.mediaUnusable, "TranscoderUnrecognizedFormat")
        }
        let input: InputMemory
        do throws(MediaError) {
            input = try InputMemory(reader)
        } catch {
            if case .abandoned(let failure) = reader.next(at: .max) { throw failure }
            throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo")
        }
        guard let context = input.context else { throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo") }
        do throws(SegmentFailure) {
            if SegmentInspector.stream(of: AVMEDIA_TYPE_VIDEO, in: context) == nil,
                SegmentInspector.stream(of: AVMEDIA_TYPE_AUDIO, in: context) != nil
            {
                try passOn(job, from: reader, onEvent)
            } else {
                try work(job, input, context, reader, onEvent)
            }
        } catch {
            // What was half fed must not leak into the next segment.
            forget()
            throw error
        }
    }

    /// A segment without pictures is its own rendition.
    private func passOn(
        _ job: StreamedJob, from reader: FeedReader, _ onEvent: (SegmentEvent) -> Void
    ) throws(SegmentFailure) {
        var place = 0
        while true {
            switch reader.next(at: place) {
            case .piece(let bytes): for index in job.profiles.indices { onEvent(.renditionBytes(rendition: index, bytes)) }
            case .end:
                for index in job.profiles.indices {
                    onEvent(.renditionComplete(rendition: index, facts: RenditionFacts(pixels: 0)))
                }
                return
            case .abandoned(let failure): throw failure
            }
            place += 1
        }
    }

    private func work(
        _ job: StreamedJob, _ input: InputMemory, _ context: UnsafeMutablePointer<AVFormatContext>, _ reader: FeedReader,
        _ onEvent: @escaping @Sendable (SegmentEvent) -> Void
    ) throws(SegmentFailure) {
        let run = StreamedRun(session: self, job: job, onEvent: onEvent)
        var failure: SegmentFailure?
        do throws(SegmentFailure) {
            try run.feed(input, context, reader)
        } catch {
            failure = error
        }
        // All threads must be done before the input goes, whatever happened.
        try run.end(failure)
    }
}

/// The decoding thread's part of one streamed segment.
private final class StreamedRun {
    /// Sounds before the first picture, a second of them at the least; a segment begins with a picture.
    private static let mostEarlySounds = 256

    private let session: TranscodeSession
    private let job: StreamedJob
    private let onEvent: @Sendable (SegmentEvent) -> Void
    private var decoder: SegmentDecoder?
    private var lanes: RenditionLanes?
    private var earlySounds: [MediaReference] = []
    private var lastPTS = Int64.min
    private var failure: SegmentFailure?

    init(session: TranscodeSession, job: StreamedJob, onEvent: @escaping @Sendable (SegmentEvent) -> Void) {
        self.session = session
        self.job = job
        self.onEvent = onEvent
    }

    func feed(
        _ input: InputMemory, _ context: UnsafeMutablePointer<AVFormatContext>, _ reader: FeedReader
    ) throws(SegmentFailure) {
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        guard let packet else { throw SegmentFailure(.transcodeFailed, "out of memory") }
        var audioIndex: Int32?
        var videoIndex: Int32?
        while av_read_frame(context, packet) >= 0 {
            defer { av_packet_unref(packet) }
            if reader.isCancelled { break }
            guard let stream = context.pointee.streams[Int(packet.pointee.stream_index)] else { continue }
            switch stream.pointee.codecpar.pointee.codec_type {
            case AVMEDIA_TYPE_VIDEO where videoIndex ?? stream.pointee.index == stream.pointee.index:
                videoIndex = stream.pointee.index
                if decoder == nil { decoder = try session.decoder(for: stream) }
                guard let decoder else { continue }
                av_packet_rescale_ts(packet, stream.pointee.time_base, FFmpeg.ticks)
                decoder.decode(packet) { take($0, from: decoder, context) }
            case AVMEDIA_TYPE_AUDIO where audioIndex ?? stream.pointee.index == stream.pointee.index:
                audioIndex = stream.pointee.index
                if let lanes {
                    lanes.put(audio: packet)
                } else if earlySounds.count < Self.mostEarlySounds {
                    earlySounds.append(MediaReference(packet: packet))
                }
            default: continue
            }
            if let failure = failure ?? lanes?.failure { throw failure }
        }
        if case .abandoned(let failure) = reader.next(at: .max) { throw failure }
        guard let decoder else { throw SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo") }
        decoder.decode(nil) { take($0, from: decoder, context) }
        if let failure { throw failure }
        // The decoder gives no picture before the first that can stand alone.
        guard lanes != nil else { throw SegmentFailure(.mediaUnusable, "No keyframes in input") }
    }

    private func take(
        _ frame: UnsafeMutablePointer<AVFrame>, from decoder: SegmentDecoder, _ context: UnsafeMutablePointer<AVFormatContext>
    ) {
        if frame.pointee.pts == sluice_no_pts || frame.pointee.pts <= lastPTS {
            frame.pointee.pts = lastPTS == .min ? 0 : lastPTS &+ 1
        }
        lastPTS = frame.pointee.pts
        if lanes == nil, failure == nil {
            do throws(SegmentFailure) {
                lanes = try open(frame, decoder, context)
            } catch {
                failure = error
            }
        }
        lanes?.put(frame: frame)
    }

    private func open(
        _ frame: UnsafeMutablePointer<AVFrame>, _ decoder: SegmentDecoder, _ context: UnsafeMutablePointer<AVFormatContext>
    ) throws(SegmentFailure) -> RenditionLanes {
        let source = RenditionEncoder.Source(
            width: Int(frame.pointee.width), height: Int(frame.pointee.height), rate: decoder.frameRate ?? Rational(30))
        let lanes = RenditionLanes(
            try session.encoders(for: job.profiles, source), audio: SegmentInspector.stream(of: AVMEDIA_TYPE_AUDIO, in: context),
            keyFrameAfter: job.keyFrameAfter, onEvent: onEvent)
        for sound in earlySounds { if let packet = sound.packet { lanes.put(audio: packet) } }
        earlySounds = []
        return lanes
    }

    func end(_ failure: SegmentFailure?) throws(SegmentFailure) {
        var failure = failure
        if failure == nil { lanes?.end() } else { lanes?.abort() }
        while let (_, result) = lanes?.nextResult() {
            guard case .failure(let error) = result, failure == nil else { continue }
            failure = error
            lanes?.abort()
        }
        if let failure { throw failure }
    }
}
