import Logging
import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire
import Synchronization

/// Renditions from orchestrators, and pushed sources, on their way into parts: segments that are whole one after another, each read on a
/// media thread, and what comes of a segment that is still being cut as it comes.
final class PackagingLane: Sendable {
    enum Content: Sendable {
        case media(ByteBuffer, SegmentContainer)
        /// The source in the place of a rendition.
        case source
        case gap
    }

    private struct Item: Sendable {
        /// `nil` for the source itself.
        var rendition: Int?
        var segment: Segment
        var content: Content
    }

    /// Past it the oldest becomes a gap: some segments of every rendition of a large ladder.
    private static let mostWaiting = 128

    private let output: LowLatencyOutput
    /// By their place in the output.
    private let lines: Mutex<[Int: RenditionLine]>
    private let metrics: GatewayMetrics
    private let media: MediaExecutor
    private let logger: Logger
    private let items: AsyncStream<Item>
    private let enqueue: AsyncStream<Item>.Continuation

    init(
        output: LowLatencyOutput, ladder: Ladder, metrics: GatewayMetrics, media: MediaExecutor, logger: Logger
    ) {
        self.output = output
        self.metrics = metrics
        lines = Mutex(
            ladder.rungs.reduce(into: [:]) { lines, rung in
                lines[rung.key] = RenditionLine(
                    index: rung.key, profile: rung.value, output: output, metrics: metrics, logger: logger)
            })
        self.media = media
        self.logger = logger
        (items, enqueue) = AsyncStream.makeStream(of: Item.self, bufferingPolicy: .bufferingNewest(Self.mostWaiting))
    }

    /// The source of a stream that comes in whole segments. In order, and before its renditions.
    func take(source segment: Segment) {
        enqueue.yield(Item(rendition: nil, segment: segment, content: .media(segment.bytes, segment.container)))
    }

    /// In the order of the segments, for each rendition.
    func take(rendition index: Int, of segment: Segment, _ content: Content) {
        enqueue.yield(Item(rendition: index, segment: segment, content: content))
    }

    /// What an attempt at a segment that is being cut has brought of a rendition, as it comes.
    ///
    /// - Returns: why the attempt is to be given up, and blamed.
    func take(
        _ event: RenditionLine.Event, rendition index: Int, of attempt: Int, at segment: SegmentSequence
    ) -> SegmentFailure? {
        line(index)?.take(event, of: attempt, at: segment)
    }

    /// For each rendition of a ladder, how far a segment that is being cut has gone on.
    func reached(in segment: SegmentSequence, _ ladder: Ladder) -> [Int64?] { ladder.places.map { line($0)?.reached(in: segment) } }

    /// Other renditions from the next segment on: those that are new, or of another profile, begin anew, and those that leave end.
    func change(to ladder: Ladder, from old: Ladder) {
        let (before, now) = (old.rungs, ladder.rungs)
        let left = lines.withLock { lines in
            var left: [RenditionLine] = []
            for (place, profile) in before where now[place] != profile {
                if let line = lines.removeValue(forKey: place) { left.append(line) }
            }
            for (place, profile) in now where before[place] != profile {
                lines[place] = RenditionLine(index: place, profile: profile, output: output, metrics: metrics, logger: logger)
            }
            return left
        }
        for line in left { line.abandon() }
    }

    private func line(_ place: Int) -> RenditionLine? { lines.withLock { $0[place] } }

    /// Nothing follows; `run` ends with what is here.
    func finish() { enqueue.finish() }

    func run() async {
        var source: SourceParts?
        for await item in items {
            if let index = item.rendition {
                await line(index)?.finish(item.segment, item.content, media)
            } else {
                let parts =
                    source ?? SourceParts(output: output, warn: { [logger] in logger.warning("packaging", metadata: ["warning": "\($0)"]) })
                source = parts
                await carry(item, parts)
            }
        }
        for line in lines.withLock({ Array($0.values) }) { line.abandon() }
    }

    private func carry(_ item: Item, _ source: SourceParts) async {
        let segment = item.segment
        do {
            let (format, packets) = try await media.run { try Self.read(segment.bytes, segment.container, near: segment.start) }
            source.opened(
                segment.sequence, video: format.video, audio: format.audio, startsDiscontinuity: segment.startsDiscontinuity,
                wallClock: segment.timeline.firstByteWallClock)
            for packet in packets { source.took(packet) }
            source.closed(next: nil)
        } catch {
            logger.warning("segment not packaged", metadata: ["segment": "\(segment.sequence)", "error": "\(error)"])
        }
    }

    static func read(
        _ bytes: ByteBuffer, _ container: SegmentContainer, near start: MediaTime
    ) throws -> (format: ElementaryFormat, packets: [EncodedPacket]) {
        let read = try SegmentPackets.read(bytes, container: container, near: start)
        var format = ElementaryFormat(video: read.video, audio: read.audio)
        let packets = read.packets.compactMap { format.format($0) }
        guard format.isComplete else { throw CMAFError("no decoder configuration in the segment") }
        return (format, packets)
    }
}
