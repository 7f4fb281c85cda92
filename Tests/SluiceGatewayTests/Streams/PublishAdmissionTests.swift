import Foundation
import NIOCore
import SluiceMedia
import SluiceRouting
import SluiceTesting
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceGateway

@Suite(.timeLimit(.minutes(1))) struct PublishAdmissionTests {
    /// Lets everybody in under another name, but who is called "denied".
    private final class Door: PublishAdmission {
        let asked = Mutex<[PublishRequest]>([])
        let opened = Mutex<[StreamID]>([])
        let ended = Mutex<[StreamID]>([])
        let profiles: [TranscodeProfile]?

        init(profiles: [TranscodeProfile]? = nil) { self.profiles = profiles }

        func admit(_ request: PublishRequest, profiles _: [TranscodeProfile]?, usual: [TranscodeProfile]) async throws(PublishRefusal)
            -> PublishGrant
        {
            asked.withLock { $0.append(request) }
            guard request.stream.rawValue != "denied", let name = StreamID("granted-\(request.stream)") else {
                throw .denied("nobody knows you")
            }
            return PublishGrant(stream: name, key: "play-key", profiles: profiles) { [self] in opened.withLock { $0.append(name) } }
        }

        func ended(_ stream: StreamID) { ended.withLock { $0.append(stream) } }
    }

    private static let answer = ScriptedOrchestrator.Behaviour.answer(GatewayHarness.rendition)
    private static let executor = MediaExecutor(width: 1)

    private func request(_ name: String) throws -> PublishRequest {
        PublishRequest(
            stream: try #require(StreamID(name)), key: "own", origin: .rtmp, remoteAddress: "test", url: "rtmp://h/live/\(name)/own")
    }

    private func pushed(_ number: Int64, _ stream: String = "one", profiles: [TranscodeProfile]? = nil) throws -> PushedSegment {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fixtures/media")
        let bytes = try Data(contentsOf: folder.appending(path: "av360p-3segments-\(number % 3).ts"))
        return PushedSegment(
            stream: try #require(StreamID(stream)), sequence: SegmentSequence(number), container: .mpegTS, bytes: ByteBuffer(bytes: bytes),
            profiles: profiles, firstByte: .now, firstByteWallClock: 0, remoteAddress: "test", url: "http://h/live/\(stream)/\(number).ts")
    }

    @Test func aPublisherIsOpenedAsWhatWasGranted() async throws {
        let door = Door(profiles: [GatewayHarness.profiles[1]])
        let harness = GatewayHarness(["a": [Self.answer]], admission: door)
        try await harness.run {
            let publication = try await harness.table.open(try request("cam"), evict: { _ in })
            #expect(publication.stream.rawValue == "granted-cam" && publication.key == "play-key")
            #expect(door.asked.withLock { $0.map(\.url) } == ["rtmp://h/live/cam/own"])
            let live = try #require(harness.table.live(publication.stream))
            #expect(live.pipeline.output.profiles.map(\.name) == ["large"])
            await #expect(throws: PublishRefusal.alreadyPublishing(publication.stream)) {
                _ = try await harness.table.open(try request("cam"), evict: { _ in })
            }
            #expect(door.opened.withLock { $0 } == [publication.stream], "a grant that came to nothing opens nothing")
        }
        #expect(door.ended.withLock { $0.map(\.rawValue) } == ["granted-cam"])
    }

    @Test func whoIsDeniedTakesNoName() async throws {
        let harness = GatewayHarness(["a": [Self.answer]], admission: Door())
        try await harness.run {
            await #expect(throws: PublishRefusal.denied("nobody knows you")) {
                _ = try await harness.table.open(try request("denied"), evict: { _ in })
            }
            #expect(harness.table.status(route: harness.route).streams.isEmpty)
        }
    }

    @Test func pushesGoOnUnderTheGrantedName() async throws {
        let door = Door()
        let harness = GatewayHarness(["a": [Self.answer]], admission: door)
        let intake = PushIntake(table: harness.table, demux: DemuxStage(executor: Self.executor))
        try await harness.run {
            let segments = try (0..<4).map { try pushed($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for segment in segments { group.addTask { try await intake.push(segment) { _ in } } }
                try await group.waitForAll()
            }
            #expect(door.asked.withLock { $0.count } == 1, "one question for a stream, however many first segments there are")
            let name = try #require(StreamID("granted-one"))
            #expect(try harness.playlist(name, "source")?.entries.count == 4)
            #expect(Set(harness.orchestrators.sent.map(\.stream)) == [name])
            // The granted name is no way in for somebody else.
            let stranger = await #expect(throws: PushFailure.self) { try await intake.push(try pushed(9, "denied")) { _ in } }
            #expect("\(try #require(stranger))" == "nobody knows you")
            #expect(await intake.end(name) == false)
            #expect(await intake.end(segments[0].stream))
        }
    }

    @Test func profilesOfPusherAndDoorMustAgree() async throws {
        let door = Door(profiles: [GatewayHarness.profiles[0]])
        let harness = GatewayHarness(["a": [Self.answer]], admission: door)
        let intake = PushIntake(table: harness.table, demux: DemuxStage(executor: Self.executor))
        try await harness.run {
            let other = await #expect(throws: PushFailure.self) {
                try await intake.push(try pushed(0, profiles: GatewayHarness.profiles)) { _ in }
            }
            guard case .refused(.unusable) = try #require(other) else {
                Issue.record("\(String(describing: other))")
                return
            }
            try await intake.push(try pushed(0, profiles: [GatewayHarness.profiles[0]])) { _ in }
        }
    }
}
