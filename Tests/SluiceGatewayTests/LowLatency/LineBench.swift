import Foundation
import Logging
import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceGateway

/// A source of three segments that comes frame by frame, a rendition of it, and what a viewer is told of that.
final class LineBench {
    static let profile = TranscodeProfile(name: "small", width: 320, height: 180, bitrate: 400_000)
    static let pictures = 60

    private final class Room: WaitingRoom {
        func deliver(_ answer: LowLatencyAnswer, to tickets: [UInt64]) {}
    }

    let output: LowLatencyOutput
    let line: RenditionLine
    let registry = MetricRegistry()
    private let source: SourceParts
    private let media = MediaExecutor(width: 1)
    private let room = Room()
    private var packets: [[EncodedPacket]] = []
    private var sent = [0, 0, 0]

    init() throws {
        let stream = try #require(StreamID("test"))
        output = LowLatencyOutput(
            stream: stream, renditions: ["small"], settings: .init(), segmentTarget: .seconds(2), wallClock: 1_704_067_200_000_000_000)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        line = RenditionLine(
            index: 0, profile: Self.profile, output: output,
            metrics: GatewayMetrics(registry: registry, node: "node", maxStreams: 1), logger: logger)
        source = SourceParts(output: output, warn: { _ in })
        packets = try (0..<3).map { try PackagingLane.read(try Self.bytes($0), .mpegTS, near: .zero).packets }
    }

    deinit { media.shutdown() }

    private static func bytes(_ number: Int) throws -> ByteBuffer { try mediaFixture("av360p-3segments-\(number).ts") }

    /// What an encoder that starts with this segment gives out, picture by picture.
    static func made(
        _ number: Int, _ profile: TranscodeProfile = profile, keyFrameAfter: Int64? = nil
    ) throws -> [ByteBuffer] {
        let feed = SegmentFeed()
        feed.append(try bytes(number))
        feed.finish(hash: [])
        let pieces = Mutex<[ByteBuffer]>([])
        let job = StreamedJob(
            stream: try #require(StreamID("test")), sequence: SegmentSequence(Int64(number)), profiles: [profile], feed: feed,
            expectedDuration: .seconds(2), keyFrameAfter: [keyFrameAfter])
        try TranscodeSession(settings: .init(preset: "ultrafast", encoder: .x264)).transcode(job, from: FeedReader(feed)) { event in
            if case .renditionBytes(_, let bytes) = event { pieces.withLock { $0.append(bytes) } }
        }
        return pieces.withLock { $0 }
    }

    static func whole(_ pieces: [ByteBuffer]) -> ByteBuffer {
        var whole = ByteBuffer()
        for piece in pieces { whole.writeImmutableBuffer(piece) }
        return whole
    }

    /// The source goes on to so many pictures of a segment; all of them close it.
    func send(_ number: Int, pictures: Int = pictures) throws {
        if sent[number] == 0 {
            let (format, _) = try PackagingLane.read(try Self.bytes(number), .mpegTS, near: .zero)
            source.opened(
                SegmentSequence(Int64(number)), video: format.video, audio: format.audio, startsDiscontinuity: number == 0,
                wallClock: 1_704_067_200_000_000_000 + Int64(number) * 2_000_000_000)
        }
        var count = 0
        for packet in packets[number] {
            if packet.track == .video { count += 1 }
            guard count <= pictures else { break }
            if packet.track == .video, count > sent[number] { source.took(packet) }
        }
        sent[number] = pictures
        if pictures == Self.pictures { source.closed(next: number < 2 ? packets[number + 1].first { $0.track == .video } : nil) }
    }

    /// - Returns: why the attempt is to be given up.
    @discardableResult
    func give(_ number: Int, _ pieces: some Sequence<ByteBuffer>, attempt: Int = 0) -> SegmentFailure? {
        var failure: SegmentFailure?
        for piece in pieces { failure = line.take(.bytes(piece), of: attempt, at: SegmentSequence(Int64(number))) ?? failure }
        return failure
    }

    func tell(_ number: Int, _ event: RenditionLine.Event, attempt: Int = 0) {
        _ = line.take(event, of: attempt, at: SegmentSequence(Int64(number)))
    }

    func finish(_ number: Int, _ content: PackagingLane.Content) async {
        let now = ContinuousClock.now
        let segment = Segment(
            stream: StreamID("test") ?? { preconditionFailure("a legal name") }(), sequence: SegmentSequence(Int64(number)),
            container: .mpegTS, bytes: ByteBuffer(), start: .zero, duration: .seconds(2), startsDiscontinuity: false, video: nil,
            audio: nil,
            videoFrames: 60, hash: nil, timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
        await line.finish(segment, content, media)
    }

    /// The first segment, which comes whole.
    func begin() async throws {
        try send(0)
        await finish(0, .media(Self.whole(try Self.made(0)), .mpegTS))
    }

    // MARK: What a viewer sees

    var playlist: String {
        let answer = output.answer(
            .playlist(rendition: "small", PlaylistReload()), Waiter(room: room, ticket: 1, acceptsGzip: false))
        guard case .found(let content) = answer else { return "" }
        return content.pieces.map { String(buffer: $0) }.joined()
    }

    /// The parts of the segments from the second on; a dot for each, a dash for a gap, a bar behind a whole segment, `x` for one that is a
    /// gap altogether.
    var parts: String {
        var text = ""
        var isGap = false
        for line in playlist.split(separator: "\n") {
            if line.hasPrefix("#EXT-X-PART:") { text += line.contains("GAP=YES") ? "-" : "." }
            if line == "#EXT-X-GAP" { isGap = true }
            guard !line.hasPrefix("#") else { continue }
            text += isGap ? "x|" : "|"
            isGap = false
        }
        return String(text.drop { $0 != "|" }.dropFirst())
    }

    /// All parts from the second segment on, one behind the other.
    func everything() throws -> ByteBuffer {
        let parsed = try MediaPlaylistText(playlist)
        var bytes = get(.initialization(rendition: "small", parsed.initialization))
        for part in parsed.parts.dropFirst(10) { bytes.writeImmutableBuffer(get(.part(rendition: "small", part))) }
        return bytes
    }

    func get(_ request: LowLatencyRequest) -> ByteBuffer {
        guard case .found(let content) = output.answer(request, Waiter(room: room, ticket: 2, acceptsGzip: false)) else {
            return ByteBuffer()
        }
        return Self.whole(content.pieces)
    }

    /// The numbers in a playlist's names.
    struct MediaPlaylistText {
        var initialization: Int64 = -1
        /// That are no gaps.
        var parts: [Int64] = []
        var segments: [Int64] = []

        init(_ text: String) throws {
            func number(_ line: String, _ name: String) -> Int64? {
                line.range(of: "\(name)-[0-9]+", options: .regularExpression).flatMap { Int64(line[$0].dropFirst(name.count + 1)) }
            }
            for line in text.split(separator: "\n").map(String.init) {
                if line.hasPrefix("#EXT-X-MAP") { initialization = try #require(number(line, "init")) }
                if line.hasPrefix("#EXT-X-PART:"), !line.contains("GAP=YES") { parts.append(try #require(number(line, "part"))) }
                if !line.hasPrefix("#") { segments.append(try #require(number(line, "segment"))) }
            }
        }
    }
}
