import Logging
import NIOCore
import SluiceMedia
import SluiceRouting
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

/// BYOC streams in a gateway whose workers give the source back, in this process.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StreamJobTests {
    private struct Directory: OrchestratorDirectory {
        let entries: [OrchestratorEntry]

        init(_ names: [String]) {
            entries = names.map {
                OrchestratorEntry(id: OrchestratorID($0), capabilities: CapabilitySet([.byoc]), streamApps: ["echo"])
            }
        }
    }

    private struct Scene {
        let workers = EchoWorkers()
        let table: StreamTable
        let name: StreamID

        init(
            _ orchestrators: [String] = ["a"], most: Int = 10, hold: Duration = .zero, admission: (any PublishAdmission)? = nil,
            _ change: (inout LiveVideoStage.Settings) -> Void = { _ in }
        ) throws {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            var settings = LiveVideoStage.Settings()
            settings.pause = .milliseconds(100)
            change(&settings)
            var role = GatewaySettings()
            role.segmentTarget = .seconds(1)
            role.publisherHold = hold
            role.maxStreams = most
            let route = RouteStage(
                directory: Directory(orchestrators), settings: role.routing, seed: 1, needed: { _ in CapabilitySet([.h264]) })
            let metrics = GatewayMetrics(registry: MetricRegistry(), node: "node", maxStreams: 10)
            let dispatch = DispatchStage(transport: ScriptedOrchestrator([:]), route: route, metrics: metrics, logger: logger)
            table = StreamTable(
                settings: role, dispatch: dispatch, metrics: metrics, admission: admission,
                liveVideo: LiveVideoStage(settings: settings, transport: workers, route: route, logger: logger), logger: logger)
            name = try #require(StreamID("cam-1"))
        }

        var status: LiveVideoStatus? { table.job("cam-1") }

        func start(_ job: StreamJob = StreamJob(timeout: 5), capability: String = "echo") async throws -> LiveVideoStatus {
            try await table.start(
                LiveVideoOrder(model: capability, streamID: "cam-1", job: job),
                PublishRequest(stream: name, key: nil, origin: .httpPush, remoteAddress: "test"))
        }

        func refused(_ job: StreamJob = StreamJob(timeout: 5), capability: String = "echo") async throws -> StreamJobRefusal? {
            do {
                _ = try await start(job, capability: capability)
                return nil
            } catch let refusal as StreamJobRefusal { return refusal }
        }

        func until(_ what: String, within limit: Duration = .seconds(20), _ condition: () -> Bool) async throws {
            try await PicturePublisher.until(what, within: limit, status, condition)
        }

        func running(_ body: () async throws -> Void) async throws { try await PicturePublisher.running(table, body) }

        /// A publisher's time around `body`; it vanishes then, or ends in order.
        func publishing(vanishes: Bool = false, _ body: () async throws -> Void) async throws {
            try await PicturePublisher.publish(name, to: table, vanishes: vanishes, body)
        }
    }

    private let a = OrchestratorID("a")

    @Test func theWorkerIsThereBeforeThePublisherAndGoesWithIt() async throws {
        let scene = try Scene()
        try await scene.running {
            let status = try await scene.start()
            #expect(status.manifest == "m1" && scene.workers.starts == [a])
            #expect(!scene.table.isFed("cam-1"))
            try await scene.publishing {
                #expect(scene.table.isFed("cam-1"))
                try await scene.until("pictures") { scene.status?.frames ?? 0 > 45 }
                let answer = try await scene.table.update(job: "cam-1", parameters: #"{"x":1}"#)
                #expect(answer.map { String(buffer: $0.body) } == #"{"at":"a"}"#)
            }
            try await scene.until("its end") { scene.status == nil }
            #expect(scene.workers.words(at: a) == [#"{"x":1}"#, "stop"] && scene.workers.starts == [a])
        }
    }

    /// Its name may be published again, and begun again.
    @Test func itEndsWithAPublisherThatVanishes() async throws {
        let scene = try Scene(hold: .milliseconds(500))
        try await scene.running {
            _ = try await scene.start()
            try await scene.publishing(vanishes: true) { try await scene.until("pictures") { scene.status?.frames ?? 0 > 45 } }
            try await scene.until("its end") { scene.status == nil }
            #expect(scene.workers.words(at: a) == ["stop"])
            try await scene.until("the name is free") { scene.table.live(scene.name) == nil }
            #expect(try await scene.start().manifest == "m2")
        }
    }

    @Test func aStopIsAnsweredByTheWorkerAndTheSourceGoesOn() async throws {
        let scene = try Scene()
        try await scene.running {
            _ = try await scene.start()
            try await scene.publishing {
                try await scene.until("pictures") { scene.status?.frames ?? 0 > 30 }
                let answer = await scene.table.stop(job: "cam-1")
                #expect(answer.map { String(buffer: $0.body) } == "stopped")
                try await scene.until("its end") { scene.status == nil }
                #expect(scene.table.isFed("cam-1") && scene.table.live(scene.name)?.pipeline.isFinished == false)
                #expect(await scene.table.stop(job: "cam-1") == nil)
                #expect(try await scene.table.update(job: "cam-1", parameters: "{}") == nil)
            }
        }
    }

    @Test func whoRefusesIsSaidAndTheNextIsAsked() async throws {
        let scene = try Scene(["a", "b"])
        scene.workers.refuse(a, SegmentFailure(.refused, "a answered 400: the model is not loaded"))
        try await scene.running {
            #expect(try await scene.start().manifest == "m1")
            #expect(scene.workers.starts == [OrchestratorID("b")])
            _ = await scene.table.stop(job: "cam-1")
            try await scene.until("its end") { scene.status == nil }
            scene.workers.refuse(OrchestratorID("b"), SegmentFailure(.refused, "b answered 400: the model is not loaded"))
            let refusal = try await scene.refused()
            guard case .unplaced(let reason)? = refusal else { throw SegmentFailure(.cancelled, "\(String(describing: refusal))") }
            #expect(reason.contains("the model is not loaded"))
            // Nothing is left of it.
            try await scene.until("its end") { scene.status == nil }
        }
    }

    @Test func whatCannotBeBegunIsSaid() async throws {
        let scene = try Scene(most: 3)
        try await scene.running {
            #expect(try await scene.refused(capability: "nosuch") == .unknownCapability("nosuch"))
            #expect(try await scene.refused(StreamJob(timeout: 5, include: ["b"])) == .unknownCapability("echo"))
            #expect(try await scene.refused(StreamJob(timeout: 5, exclude: ["a"])) == .unknownCapability("echo"))
            _ = try await scene.start()
            #expect(try await scene.refused() == .exists(scene.name))
            #expect(scene.workers.starts == [a])
        }
        #expect(try await scene.refused() == .shuttingDown)
    }

    @Test func aNameThatSomebodyPublishesIsTaken() async throws {
        let scene = try Scene()
        try await scene.running {
            try await scene.publishing {
                let refusal = try await scene.refused()
                #expect(refusal == .exists(scene.name))
            }
        }
    }

    @Test func oneThatNobodyPublishesToIsOver() async throws {
        let scene = try Scene { $0.unusedTime = .milliseconds(300) }
        try await scene.running {
            _ = try await scene.start()
            try await scene.until("its end", within: .seconds(5)) { scene.status == nil }
            #expect(scene.workers.words(at: a) == ["stop"])
        }
    }

    /// Without video there and back nothing is awaited, and a standby would be of no use.
    @Test func withoutVideoItIsAtWorkAtOnce() async throws {
        let scene = try Scene(["a", "b"]) {
            $0.standby = .warm
            $0.unusedTime = .milliseconds(500)
            $0.firstPictureTime = .milliseconds(100)
            $0.stallTime = .milliseconds(200)
        }
        try await scene.running {
            _ = try await scene.start(StreamJob(timeout: 5, takesVideo: false, makesVideo: false, saysData: true))
            try await scene.until("it is online") { scene.status?.phase == .online }
            // One that waits for a publisher, begun later, is given up; all that could have ended this one would have by then.
            let other = try #require(StreamID("cam-2"))
            _ = try await scene.table.start(
                LiveVideoOrder(model: "echo", streamID: "cam-2", job: StreamJob(timeout: 5)),
                PublishRequest(stream: other, key: nil, origin: .httpPush, remoteAddress: "test"))
            try await scene.until("the other's end") { scene.table.job("cam-2") == nil }
            #expect(scene.status?.phase == .online && scene.status?.swaps == 0 && scene.status?.standby == nil)
            guard case .lines = scene.table.data(of: "cam-1") else { throw SegmentFailure(.cancelled, "no data") }
            #expect(throws: PublishRefusal.self) {
                try scene.table.open(PublishRequest(stream: scene.name, key: nil, origin: .rtmp, remoteAddress: "t"), profiles: nil) { _ in
                }
            }
        }
    }

    /// Who may not publish a stream may not begin it.
    @Test func theOperatorIsAsked() async throws {
        struct Nobody: PublishAdmission {
            func admit(
                _ request: PublishRequest, profiles: [TranscodeProfile]?, usual: [TranscodeProfile]
            ) async throws(PublishRefusal) -> PublishGrant {
                guard request.token == "good" else { throw .denied("a token is needed") }
                return PublishGrant(stream: request.stream, key: nil) {}
            }
            func ended(_ stream: StreamID) {}
        }
        let scene = try Scene(admission: Nobody())
        try await scene.running {
            #expect(try await scene.refused() == .denied("a token is needed"))
            #expect(scene.workers.starts.isEmpty)
            let asked = PublishRequest(stream: scene.name, key: nil, origin: .httpPush, remoteAddress: "test", token: "good")
            _ = try await scene.table.start(LiveVideoOrder(model: "echo", streamID: "cam-1", job: StreamJob(timeout: 5)), asked)
        }
    }
}
