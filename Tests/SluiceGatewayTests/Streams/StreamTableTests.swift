import SluiceTesting
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceGateway

@Suite struct StreamTableTests {
    private let answer = ScriptedOrchestrator.Behaviour.answer(GatewayHarness.rendition)

    @Test func aLiveNameIsRefusedAndASilentOneTakenOver() async throws {
        let harness = GatewayHarness(["a": [answer]])
        try await harness.run {
            let first = try harness.open("one")
            #expect(throws: PublishRefusal.alreadyPublishing(first.pipeline.id)) { try harness.open("one") }
            first.hear(at: .now - .seconds(6))
            _ = try harness.open("one")
            #expect(first.pipeline.isFinished)
        }
    }

    @Test(arguments: [(PublishRequest.Origin.rtmp, Eviction.succeeded), (.httpPush, .ended)])
    func whoIsReplacedIsToldByWhatKind(_ successor: PublishRequest.Origin, _ eviction: Eviction) async throws {
        let harness = GatewayHarness(["a": [answer]])
        let told = Mutex<[Eviction]>([])
        try await harness.run {
            let stream = try #require(StreamID("one"))
            func open(_ origin: PublishRequest.Origin) throws -> LiveStream {
                let request = PublishRequest(stream: stream, key: nil, origin: origin, remoteAddress: "test")
                return try harness.table.open(request, profiles: nil) { reason in told.withLock { $0.append(reason) } }
            }
            let first = try open(.rtmp)
            first.hear(at: .now - .seconds(6))
            _ = try open(successor)
            #expect(told.withLock { $0 } == [eviction])
            harness.table.close()
            #expect(told.withLock { $0 } == [eviction, .ended])
        }
    }

    @Test func theHouseIsFullAtItsLimit() async throws {
        let harness = GatewayHarness(["a": [answer]]) { $0.maxStreams = 1 }
        try await harness.run {
            _ = try harness.open("one")
            #expect(throws: PublishRefusal.tooManyStreams(limit: 1)) { try harness.open("two") }
        }
    }

    @Test func aReturningPublisherGoesOnBehindADiscontinuity() async throws {
        let harness = GatewayHarness(["a": [answer]])
        try await harness.run {
            let first = try harness.open("one")
            _ = await GatewayHarness.carry(first, 0)
            first.pipeline.finish()
            let second = try harness.open("one")
            #expect(second.pipeline.output === first.pipeline.output)
            _ = await GatewayHarness.carry(second, 1)
            let playlist = try harness.playlist(second.pipeline.id, "large")
            #expect(playlist?.entries.map(\.startsDiscontinuity) == [false, true])
            #expect(playlist?.isEnded == false)
        }
    }

    @Test func theEndIsWrittenWhenTheLastRenditionIsOut() async throws {
        let harness = GatewayHarness(["a": [answer]])
        let stream = try await harness.run {
            let live = try harness.open("one")
            live.pipeline.accept(GatewayHarness.segment(live, 0))
            return live.pipeline.id
        }
        #expect(try harness.playlist(stream, "source")?.isEnded == true)
        #expect(try harness.playlist(stream, "small")?.entries.count == 1)
        #expect(try harness.playlist(stream, "small")?.isEnded == true)
        #expect(harness.orchestrators.ended == [stream])
    }

    @Test func whatIsUnderWayAtTheEndIsCarriedThrough() async throws {
        let gate = ScriptGate()
        let harness = GatewayHarness(["a": [.gated(gate, GatewayHarness.rendition)]])
        let stream = try #require(StreamID("one"))
        try await harness.run {
            let live = try harness.open("one")
            live.pipeline.accept(GatewayHarness.segment(live, 0))
            while harness.orchestrators.sent.isEmpty { await Task.yield() }
            harness.table.close()
            // The table has begun to end; only now the orchestrator answers.
            for _ in 0..<100 { await Task.yield() }
            gate.open()
        }
        #expect(harness.orchestrators.abandoned == 0)
        #expect(try harness.listed(stream, "small") == ["small/0.ts"])
    }

    @Test func whatLeftTheWindowIsGoneAndWhatNeverWasIsUnknown() async throws {
        let harness = GatewayHarness(["a": [answer]]) {
            $0.playlistWindow = 3
            $0.playlistGrace = 1
        }
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<6 { _ = await GatewayHarness.carry(live, Int64(number)) }
            let base = try #require(try harness.playlist(live.pipeline.id, "small")).mediaSequence - 3
            func standing(_ number: Int64) -> String {
                switch harness.table.segment(
                    of: live.pipeline.id, rendition: "small", number: base + number, container: .mpegTS)
                {
                case .found: "found"
                case .gone: "gone"
                case .unknown: "unknown"
                }
            }
            #expect((0...6).map(standing) == ["gone", "gone", "found", "found", "found", "found", "unknown"])
        }
    }
}
