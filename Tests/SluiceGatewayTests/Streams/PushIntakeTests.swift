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

@Suite(.timeLimit(.minutes(1))) struct PushIntakeTests {
    private static let answer = ScriptedOrchestrator.Behaviour.answer(GatewayHarness.rendition)
    private static let executor = MediaExecutor(width: 2)

    private func pushed(_ number: Int64, _ stream: String = "one") throws -> PushedSegment {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fixtures/media")
        let bytes = try Data(contentsOf: folder.appending(path: "av360p-3segments-\(number % 3).ts"))
        return PushedSegment(
            stream: try #require(StreamID(stream)), sequence: SegmentSequence(number), container: .mpegTS, bytes: ByteBuffer(bytes: bytes),
            firstByte: .now, firstByteWallClock: 0, remoteAddress: "test")
    }

    private func intake(_ harness: GatewayHarness) -> PushIntake {
        PushIntake(table: harness.table, demux: DemuxStage(executor: Self.executor))
    }

    private func listed(_ harness: GatewayHarness, _ rendition: String = "source") throws -> [String] {
        try harness.playlist(try #require(StreamID("one")), rendition)?.entries.map(\.uri) ?? []
    }

    /// Both are carried, whichever came first; a wait that ran out would end the test by its time limit.
    @Test(arguments: [[Int64(1), 0], [0, 1], [2, 1, 0]])
    func pushesAtTheSameTimeAreCarriedInOrder(_ arrival: [Int64]) async throws {
        let harness = GatewayHarness(["a": [Self.answer]]) { $0.pushReorder = .seconds(600) }
        let intake = intake(harness)
        try await harness.run {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in arrival {
                    let segment = try pushed(number)
                    group.addTask {
                        let parts = Mutex(0)
                        try await intake.push(segment) { _ in parts.withLock { $0 += 1 } }
                        return parts.withLock { $0 }
                    }
                    // The next one comes when this one stands in the line, or has passed it.
                    while number > 0, harness.table.live(segment.stream)?.line.isHolding != true,
                        harness.table.live(segment.stream)?.pipeline.output.newest?.rawValue != number
                    {
                        await Task.yield()
                    }
                }
                for try await parts in group { #expect(parts == 2) }
            }
            let expected = arrival.sorted().map { "\($0).ts" }
            #expect(try listed(harness) == expected.map { "source/" + $0 })
            #expect(try listed(harness, "small") == expected.map { "small/" + $0 })
        }
    }

    @Test func twoFirstSegmentsAtOnceOpenOneStream() async throws {
        let harness = GatewayHarness(["a": [Self.answer]]) { $0.pushReorder = .seconds(600) }
        let intake = intake(harness)
        try await harness.run {
            let segments = try (0..<6).map { try pushed($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for segment in segments.shuffled() { group.addTask { try await intake.push(segment) { _ in } } }
                try await group.waitForAll()
            }
            #expect(try listed(harness) == (0..<6).map { "source/\($0).ts" })
            #expect(harness.table.status(route: harness.route).streams.count == 1)
        }
    }

    @Test func aMissingOneIsNotWaitedForLongerThanTheBound() async throws {
        let harness = GatewayHarness(["a": [Self.answer]]) { $0.pushReorder = .milliseconds(20) }
        let intake = intake(harness)
        try await harness.run {
            for number in [Int64(4), 6] { try await intake.push(try pushed(number)) { _ in } }
            #expect(try listed(harness) == ["source/4.ts", "source/6.ts"])
            let error = await #expect(throws: PushFailure.self) { try await intake.push(try pushed(5)) { _ in } }
            #expect("\(try #require(error))".hasPrefix("segment 5 is not newer than 6"))
        }
    }

    @Test func whoGoesAwayWhileWaitingLeavesItsSegmentBehind() async throws {
        let harness = GatewayHarness(["a": [Self.answer]]) { $0.pushReorder = .seconds(600) }
        let intake = intake(harness)
        try await harness.run {
            let segment = try pushed(5)
            let push = Task { try await intake.push(segment) { _ in } }
            while harness.table.live(segment.stream)?.line.isHolding != true { await Task.yield() }
            push.cancel()
            _ = await push.result
            #expect(try listed(harness) == ["source/5.ts"])
        }
    }

    @Test func aPusherWhoStartsAgainGoesOnBehindWhatWasThere() async throws {
        let harness = GatewayHarness(["a": [Self.answer]])
        let intake = intake(harness)
        try await harness.run {
            for number in [Int64(0), 1] { try await intake.push(try pushed(number)) { _ in } }
            await #expect(throws: PushFailure.self) { try await intake.push(try pushed(0)) { _ in } }
            harness.table.live(try #require(StreamID("one")))?.hear(at: .now - .seconds(60))
            for number in [Int64(0), 1] { try await intake.push(try pushed(number)) { _ in } }
            #expect(try listed(harness) == (0..<4).map { "source/\($0).ts" })
        }
    }

    @Test func aRenditionIsHandedOutBeforeTheNextIsMade() async throws {
        let gate = ScriptGate()
        // One makes the first and gives up; the other makes the second, once it may.
        let harness = GatewayHarness(["a": [.count(1, GatewayHarness.rendition)], "b": [.gated(gate, GatewayHarness.rendition)]]) {
            $0.routing.shortestPatience = 30
        }
        let intake = intake(harness)
        try await harness.run {
            var names: [String] = []
            try await intake.push(try pushed(0)) { rendition in
                names.append(rendition.profile.name)
                gate.open()
            }
            #expect(names == ["small", "large"])
        }
    }

    @Test func theOrderIsThatOfTheProfilesWhicheverIsReadyFirst() async throws {
        let harness = GatewayHarness(["a": [.backwards(GatewayHarness.rendition)]])
        let intake = intake(harness)
        try await harness.run {
            var names: [String] = []
            try await intake.push(try pushed(0)) { names.append($0.profile.name) }
            #expect(names == ["small", "large"])
        }
    }

    @Test func aSliceIsPartOfEveryAttempt() async throws {
        let harness = GatewayHarness(["a": [.count(1, GatewayHarness.rendition)], "b": [Self.answer]])
        let slice = SegmentSlice(fromMilliseconds: 500, toMilliseconds: 1500)
        let intake = intake(harness)
        try await harness.run {
            var segment = try pushed(0)
            segment.slice = slice
            try await intake.push(segment) { _ in }
            try await intake.push(try pushed(1)) { _ in }
            #expect(harness.orchestrators.sent.prefix(2).map(\.slice) == [slice, slice])
            #expect(harness.orchestrators.sent.last?.slice == nil)
        }
    }

    @Test func anEndedStreamAnswersWhoWaits() async throws {
        let harness = GatewayHarness(["a": [Self.answer]]) { $0.pushReorder = .milliseconds(50) }
        let intake = intake(harness)
        try await harness.run {
            let segment = try pushed(5)
            let push = Task { try await intake.push(segment) { _ in } }
            while harness.table.live(segment.stream)?.line.isHolding != true { await Task.yield() }
            #expect(await intake.end(segment.stream))
            await #expect(throws: PushFailure.self) { try await push.value }
        }
    }
}
