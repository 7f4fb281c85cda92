import Logging
import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire

/// Segments that come whole, renditions from orchestrators and pushed sources, on their way into parts: one after another, each read
/// on a media thread.
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

    /// What one rendition needs from segment to segment.
    fileprivate struct Rendition: Sendable {
        var packager = RenditionPackager()
        var coding: MediaCoding?
        var parts: [Int: RenditionPackager.Part] = [:]
    }

    /// Past it the oldest becomes a gap: some segments of every rendition of a large ladder.
    private static let mostWaiting = 128
    /// Frames of a rendition that are off by more than this were moved by its orchestrator, all of them.
    fileprivate static let slack = MediaTime(milliseconds: 20)

    private let output: LowLatencyOutput
    private let profiles: [TranscodeProfile]
    private let media: MediaExecutor
    private let logger: Logger
    private let items: AsyncStream<Item>
    private let enqueue: AsyncStream<Item>.Continuation

    init(output: LowLatencyOutput, profiles: [TranscodeProfile], media: MediaExecutor, logger: Logger) {
        self.output = output
        self.profiles = profiles
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

    /// Nothing follows; `run` ends with what is here.
    func finish() { enqueue.finish() }

    func run() async {
        var renditions = profiles.map { _ in Rendition() }
        var source: SourceParts?
        for await item in items {
            if let index = item.rendition {
                await carry(item, index, &renditions[index])
            } else {
                let parts =
                    source ?? SourceParts(output: output, warn: { [logger] in logger.warning("packaging", metadata: ["warning": "\($0)"]) })
                source = parts
                await carry(item, parts)
            }
        }
    }

    private func carry(_ item: Item, _ index: Int, _ rendition: inout Rendition) async {
        guard let schedule = output.schedule(of: item.segment.sequence) else { return }
        switch item.content {
        case .gap: output.publish(rendition: index, of: schedule, [:], nil)
        case .source: output.publishSource(as: index, of: schedule)
        case .media(let bytes, let container):
            let before = rendition
            let name = profiles[index].name
            do {
                rendition = try await media.run {
                    var rendition = before
                    try rendition.take(bytes, container, name, schedule)
                    return rendition
                }
                output.publish(rendition: index, of: schedule, rendition.parts, rendition.coding)
                rendition.parts = [:]
            } catch {
                logger.warning(
                    "rendition not packaged",
                    metadata: ["rendition": "\(name)", "segment": "\(item.segment.sequence)", "error": "\(error)"])
                output.publish(rendition: index, of: schedule, [:], nil)
            }
        }
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

extension PackagingLane.Rendition {
    /// Makes the parts of a whole segment.
    fileprivate mutating func take(
        _ bytes: ByteBuffer, _ container: SegmentContainer, _ name: String, _ schedule: SourceSchedule
    ) throws {
        let start = schedule.parts.first?.start ?? .zero
        let (format, packets) = try PackagingLane.read(bytes, container, near: start)
        let tracks = MediaCoding.Tracks(video: format.video, audio: format.audio)
        let isContinuous = schedule.entries.first?.startsDiscontinuity == false
        if let initialization = try packager.begin(
            video: tracks.video, audio: tracks.audio, starts: schedule.parts.map(\.start), isContinuous: isContinuous)
        {
            coding = MediaCoding(rendition: name, tracks, initialization: initialization)
        }
        let leads: Track = format.video == nil ? .audio : .video
        let off = packets.first { $0.track == leads }.map { start - $0.pts } ?? .zero
        let shift = abs(off.ticks) > PackagingLane.slack.ticks ? off : .zero
        var made: [Int: RenditionPackager.Part] = [:]
        for packet in packets {
            var packet = packet
            packet.pts = packet.pts + shift
            packet.dts = packet.dts + shift
            packager.append(packet) { made[$0.index] = $0 }
        }
        packager.endSegment { made[$0.index] = $0 }
        parts = made
    }
}
