import Logging
import NIOCore
import SluiceMedia
import SluiceRouting
import SluiceTesting
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceGateway

/// A live test picture, worked on by workers that give it back: what viewers see when one is drained, silent, or dies.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LiveVideoSwapTests {
    private final class Directory: OrchestratorDirectory {
        private let drained = Mutex<Set<OrchestratorID>>([])
        private let all: [OrchestratorEntry]
        init(_ names: [String]) {
            all = names.map {
                OrchestratorEntry(
                    id: OrchestratorID($0), capabilities: CapabilitySet([.liveVideoToVideo]), region: $0, liveModels: ["echo"])
            }
        }
        var entries: [OrchestratorEntry] { drained.withLock { drained in all.filter { !drained.contains($0.id) } } }
        func drain(_ orchestrator: OrchestratorID) { drained.withLock { _ = $0.insert(orchestrator) } }
    }

    /// Every picture that viewers got, when, and how long the playlist was.
    private final class Watching: PacketPush, PacketPushing {
        struct Seen: Sendable {
            var pts: MediaTime
            var at: ContinuousClock.Instant
        }
        private let state = Mutex<[Seen]>([])
        private let sounds = Mutex<[MediaTime]>([])
        var seen: [Seen] { state.withLock { $0 } }
        var heard: [MediaTime] { sounds.withLock { $0 } }
        var status: LiveVideoStatus.Push { .init(target: "test", isConnected: true, reconnects: 0, lastError: nil) }
        func push(to url: String) throws -> any PacketPush { self }
        func run() async {}
        func makeSink() -> any PacketSink { Sink(self) }

        private final class Sink: PacketSink {
            let watching: Watching
            init(_ watching: Watching) { self.watching = watching }
            func configure(video: VideoParameters) {}
            func configure(audio: AudioParameters) {}
            func consume(_ packet: EncodedPacket) {
                if packet.track == .video {
                    watching.state.withLock { $0.append(Seen(pts: packet.pts, at: .now)) }
                } else {
                    watching.sounds.withLock { $0.append(packet.pts) }
                }
            }
            func finish() {}
        }
    }

    private struct Scene {
        let workers: EchoWorkers
        let directory: Directory
        let watching = Watching()
        let table: StreamTable
        let name: StreamID

        init(
            _ orchestrators: [String], isEndless: Bool = false, _ change: (inout LiveVideoStage.Settings) -> Void = { _ in }
        ) throws {
            workers = EchoWorkers(isEndless: isEndless)
            directory = Directory(orchestrators)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            var settings = LiveVideoStage.Settings()
            settings.order = LiveVideoOrder(model: "echo")
            settings.push = ["rtmp://test/live/out"]
            settings.pause = .milliseconds(100)
            change(&settings)
            var role = GatewaySettings()
            role.segmentTarget = .seconds(1)
            role.publisherHold = .zero
            let route = RouteStage(directory: directory, settings: role.routing, seed: 1, needed: { _ in CapabilitySet([.h264]) })
            let metrics = GatewayMetrics(registry: MetricRegistry(), node: "node", maxStreams: 10)
            let dispatch = DispatchStage(transport: ScriptedOrchestrator([:]), route: route, metrics: metrics, logger: logger)
            table = StreamTable(
                settings: role, dispatch: dispatch, metrics: metrics,
                liveVideo: LiveVideoStage(
                    settings: settings, transport: workers, route: route, outlets: LiveVideoOutlets(pushing: watching), logger: logger),
                logger: logger)
            name = try #require(StreamID("cam"))
        }

        var status: LiveVideoStatus? { table.liveVideo("cam") }

        func until(_ what: String, within limit: Duration = .seconds(20), _ condition: () -> Bool) async throws {
            try await PicturePublisher.until(what, within: limit, status, condition)
        }

        /// The publisher's time around `body`, and to the end of the stream.
        func live(_ body: () async throws -> Void) async throws {
            try await PicturePublisher.running(table) { try await PicturePublisher.publish(name, to: table, body) }
        }
    }

    /// None twice, none back; and the longest step from one to the next.
    private func longestStep(_ watching: Watching) -> Double {
        let pictures = watching.seen.map(\.pts)
        #expect(Set(pictures).count == pictures.count)
        let sounds = watching.heard
        #expect(Set(sounds).count == sounds.count)
        return zip(pictures, pictures.dropFirst()).map { ($1 - $0).seconds }.max() ?? 0
    }

    private func other(than orchestrator: OrchestratorID?) -> OrchestratorID { OrchestratorID(orchestrator?.rawValue == "a" ? "b" : "a") }

    @Test func aNameForStatusAndEventsIsOneStreamsOwn() throws {
        let scene = try Scene(["a"])
        func open(_ name: String, as id: String) throws -> LiveStream {
            let stream = try #require(StreamID(name))
            return try scene.table.open(
                PublishRequest(stream: stream, key: nil, origin: .rtmp, remoteAddress: "test", query: "pipeline=echo&streamId=\(id)"),
                profiles: [], evict: { _ in })
        }
        let first = try open("cam", as: "show")
        for id in ["show", "cam"] {
            do {
                _ = try open("thief", as: id)
                Issue.record("'\(id)' was taken")
            } catch { #expect("\(error)".contains("streamId '\(id)' is another stream's"), "\(error)") }
        }
        #expect(scene.table.liveVideo("show")?.source == scene.name)
        first.pipeline.finish()
        let heir = try open("heir", as: "show")
        #expect(scene.table.liveVideo("show")?.source == heir.pipeline.id)
    }

    /// A model costs as renditions do.
    @Test func whereNothingMoreMayBeSpentTheModelStops() throws {
        let scene = try Scene(["a"])
        let live = try scene.table.open(
            PublishRequest(stream: scene.name, key: nil, origin: .rtmp, remoteAddress: "test"), profiles: [], evict: { _ in })
        #expect(live.liveVideo?.isStopped == false)
        scene.table.suspendRenditions(of: scene.name, true)
        #expect(live.liveVideo?.isStopped == true && !live.pipeline.isFinished)
    }

    @Test(arguments: [
        (SegmentFailure.Reason.cancelled, true), (.mediaUnusable, true), (.timedOut, false), (.transcodeFailed, false),
        (.unreachable, false),
    ])
    func aSegmentThatBrokeOffIsNoFaultOfAWorker(_ reason: SegmentFailure.Reason, _ isOfSource: Bool) {
        #expect(LiveVideoSession.isOfSource(SegmentFailure(reason, "why")) == isOfSource)
    }

    @Test func aDrainedOrchestratorIsLeftWithoutAStep() async throws {
        let scene = try Scene(["a", "b"])
        try await scene.live {
            try await scene.until("a steady picture") { scene.status?.frames ?? 0 > 45 }
            let first = try #require(scene.status?.orchestrator)
            scene.directory.drain(first)
            try await scene.until("another on air") { scene.status?.swaps == 1 && scene.status?.orchestrator == other(than: first) }
            try await scene.until("the first is left") { scene.workers.ends == [first] }
            let frames = scene.status?.frames ?? 0
            try await scene.until("it goes on") { scene.status?.frames ?? 0 > frames + 30 }
        }
        // At 30 frames a second: not one is missing.
        #expect(longestStep(scene.watching) < 0.05)
    }

    @Test func aSilentOneIsHeldForUntilTheNextIsThere() async throws {
        let scene = try Scene(["a", "b"])
        try await scene.live {
            try await scene.until("a steady picture") { scene.status?.frames ?? 0 > 120 }
            let first = try #require(scene.status?.orchestrator)
            scene.workers.silence(first)
            try await scene.until("another on air") { scene.status?.swaps == 1 && scene.status?.orchestrator == other(than: first) }
            let frames = scene.status?.frames ?? 0
            try await scene.until("it goes on") { scene.status?.frames ?? 0 > frames + 30 }
            #expect(scene.status?.showing == .worker)
        }
        #expect(longestStep(scene.watching) < 0.11)
    }

    @Test(arguments: LiveVideoBetween.allCases) func aDeadOneIsFollowedWithinTwoSeconds(between: LiveVideoBetween) async throws {
        let scene = try Scene(["a", "b"]) { $0.between = between }
        try await scene.live {
            try await scene.until("a steady picture") { scene.status?.frames ?? 0 > 120 }
            let first = try #require(scene.status?.orchestrator)
            scene.workers.kill(first)
            try await scene.until("another on air", within: .seconds(2)) { scene.status?.swaps == 1 }
            let frames = scene.status?.frames ?? 0
            try await scene.until("it goes on") { scene.status?.frames ?? 0 > frames + 30 }
        }
        #expect(longestStep(scene.watching) < (between == .gap ? 2 : 0.11))
    }

    @Test func aWarmOneGoesOnWithinHalfASecond() async throws {
        let scene = try Scene(["a", "b"]) { $0.standby = .warm }
        try await scene.live {
            try await scene.until("a steady picture, and one beside") { scene.status?.frames ?? 0 > 60 && scene.workers.starts.count == 2 }
            try await scene.until("a while") { scene.status?.frames ?? 0 > 120 }
            let first = try #require(scene.status?.orchestrator)
            #expect(scene.status?.standby == other(than: first))
            scene.workers.kill(first)
            try await scene.until("another on air", within: .milliseconds(500)) { scene.status?.swaps == 1 }
            #expect(scene.status?.swapGapMs ?? .infinity < 500)
            let frames = scene.status?.frames ?? 0
            try await scene.until("it goes on") { scene.status?.frames ?? 0 > frames + 30 }
        }
        // It had every picture already.
        #expect(longestStep(scene.watching) < 0.05)
    }

    /// A worker that never ends its segment is shown as it comes, and left like any other.
    @Test func aSegmentWithoutEndIsShownAllTheSame() async throws {
        let scene = try Scene(["a", "b"], isEndless: true)
        try await scene.live {
            try await scene.until("pictures of several source segments") { scene.status?.frames ?? 0 > 100 }
            let first = try #require(scene.status?.orchestrator)
            scene.directory.drain(first)
            try await scene.until("another on air") { scene.status?.swaps == 1 && scene.status?.orchestrator == other(than: first) }
            try await scene.until("the first is left") { scene.workers.ends == [first] }
        }
        #expect(longestStep(scene.watching) < 0.05)
    }

    @Test func whatIsUpdatedGoesToBoth() async throws {
        let scene = try Scene(["a", "b"]) { $0.standby = .warm }
        try await scene.live {
            try await scene.until("both") { scene.workers.starts.count == 2 && scene.status?.frames ?? 0 > 60 }
            try await scene.until("the standby is in place") { scene.status?.standby != nil }
            #expect(try await scene.table.update(liveVideo: "cam", parameters: #"{"x":1}"#))
            for name in ["a", "b"] { #expect(scene.workers.words(at: OrchestratorID(name)) == [#"{"x":1}"#]) }
            #expect(try await scene.table.update(liveVideo: "nosuch", parameters: "{}") == false)
        }
    }
}
