import Logging
import NIOCore
import SluiceRouting
import SluiceTesting
import SluiceTypes
import SluiceWire

@testable import SluiceGateway

/// A gateway without sockets: scripted orchestrators behind it, and a stream table that runs while `body` does.
struct GatewayHarness {
    struct Directory: OrchestratorDirectory {
        let entries: [OrchestratorEntry]
    }

    /// One packet of a transport stream, which is all that the gateway looks at.
    static let rendition = ByteBuffer(bytes: [0x47] + [UInt8](repeating: 7, count: 187))
    static let profiles = ["small", "large"].map { TranscodeProfile(name: $0, width: 640, height: 360, bitrate: 1_000_000) }

    let orchestrators: ScriptedOrchestrator
    let table: StreamTable
    let route: RouteStage
    let registry = MetricRegistry()
    let metrics: GatewayMetrics

    init(
        _ scripts: [String: [ScriptedOrchestrator.Behaviour]], takeStreamedSegments: Bool = false,
        change: (inout GatewaySettings) -> Void = { _ in },
        admission: (any PublishAdmission)? = nil, promised: @escaping @Sendable (StreamID) -> ServiceLevel? = { _ in nil },
        decided: @escaping @Sendable (RouteDecision, SegmentFacts) -> Void = { _, _ in }, witness: SegmentWitness? = nil
    ) {
        orchestrators = ScriptedOrchestrator(
            Dictionary(uniqueKeysWithValues: scripts.map { (OrchestratorID($0.key), $0.value) }))
        var settings = GatewaySettings()
        settings.profiles = Self.profiles
        settings.routing.shortestPatience = 4
        settings.routing.canaryShare = 0
        change(&settings)
        metrics = GatewayMetrics(registry: registry, node: "node", maxStreams: settings.maxStreams)
        // The price makes sure that "a" is asked before "b"; each is in a region of its own.
        let entries = scripts.keys.sorted().enumerated().map { index, name in
            OrchestratorEntry(
                id: OrchestratorID(name), capabilities: CapabilitySet([.h264]),
                price: Price(pricePerUnit: Int64(index) * 1000, pixelsPerUnit: 1), region: name,
                takesStreamedSegments: takeStreamedSegments)
        }
        route = RouteStage(
            directory: Directory(entries: entries), settings: settings.routing, seed: 1, promised: promised,
            needed: { _ in CapabilitySet([.h264]) })
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let dispatch = DispatchStage(
            transport: orchestrators, route: route, metrics: metrics, decided: decided, logger: logger)
        table = StreamTable(
            settings: settings, dispatch: dispatch, metrics: metrics, admission: admission, witness: witness, logger: logger)
    }

    /// Runs the table around `body`, and to the end of every stream after it.
    func run<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        async let running: Void = table.run()
        do {
            let result = try await body()
            table.close()
            await running
            return result
        } catch {
            table.close()
            await running
            throw error
        }
    }

    func open(_ name: String) throws -> LiveStream {
        guard let stream = StreamID(name) else { throw SegmentFailure(.refused, "bad name \(name)") }
        let request = PublishRequest(stream: stream, key: nil, origin: .rtmp, remoteAddress: "test")
        return try table.open(request, profiles: nil, evict: { _ in })
    }

    static func segment(_ live: LiveStream, _ number: Int64) -> Segment {
        let now = ContinuousClock.now
        return Segment(
            stream: live.pipeline.id, sequence: SegmentSequence(number), container: .mpegTS,
            bytes: ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: 200), start: MediaTime(seconds: Double(number) * 2),
            duration: .milliseconds(100), startsDiscontinuity: false,
            video: VideoParameters(codec: .h264, width: 1280, height: 720), audio: nil, videoFrames: 60, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
    }

    /// Hands a segment in and waits for its end.
    static func carry(_ live: LiveStream, _ number: Int64) async -> SegmentOutcome {
        await withCheckedContinuation { continuation in
            live.pipeline.accept(segment(live, number)) { continuation.resume(returning: $0) }
        }
    }

    /// What a playlist lists, its numbers counted from its first segment of all.
    func listed(_ stream: StreamID, _ rendition: String) throws -> [String]? {
        guard let playlist = try playlist(stream, rendition) else { return nil }
        let base = playlist.mediaSequence
        return playlist.entries.map { entry in
            let parts = entry.uri.split(separator: "/")
            let name = (parts.last ?? "").split(separator: ".")
            guard let number = name.first.flatMap({ Int64($0) }) else { return entry.uri }
            return "\(parts.first ?? "")/\(number - base).\(name.last ?? "")"
        }
    }

    func playlist(_ stream: StreamID, _ rendition: String) throws -> PlaylistReader? {
        guard case .found(let text) = table.mediaPlaylist(of: stream, rendition: rendition) else { return nil }
        return try PlaylistReader.read(String(buffer: text))
    }
}
