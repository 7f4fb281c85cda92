import NIOCore
import SluiceTesting
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceGateway

/// Other renditions, and none for a while, under a stream that is live.
@Suite struct LadderTests {
    private static let tiny = TranscodeProfile(name: "tiny", width: 64, height: 36, bitrate: 10_000)
    private static let other = TranscodeProfile(name: "small", width: 32, height: 18, bitrate: 5000)

    private func change(_ harness: GatewayHarness, _ live: LiveStream, _ profiles: [TranscodeProfile]) -> LadderChange {
        harness.table.change(live.pipeline.id, to: profiles) { _ in true }
    }

    private func numbers(_ harness: GatewayHarness, _ live: LiveStream, _ name: String) throws -> [Int]? {
        // All are numbered alike, from the first segment of all.
        let base = try #require(try harness.playlist(live.pipeline.id, "source")).mediaSequence
        guard let playlist = try harness.playlist(live.pipeline.id, name) else { return nil }
        let numbers = playlist.entries.compactMap { entry in
            entry.uri.split(separator: "/").last.flatMap { Int64($0.prefix { $0.isNumber }) }
        }
        #expect(numbers.first == playlist.mediaSequence)
        return numbers.map { Int($0 - base) }
    }

    @Test func eachSegmentHasWhatIsAskedForWhenItBegins() async throws {
        let harness = GatewayHarness(["a": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("cam")
            #expect(await GatewayHarness.carry(live, 0).renditions.count == 2)
            // The segment that is being cut began with the two.
            _ = live.pipeline.open(SegmentSequence(1), lasting: .seconds(2))
            #expect(change(harness, live, [Self.tiny, GatewayHarness.profiles[0]]) == .taken)
            #expect(live.pipeline.wanted.map(\.name) == ["tiny", "small"])
            #expect(await GatewayHarness.carry(live, 1).renditions.count == 2)
            #expect(try numbers(harness, live, "large") == [0, 1])
            #expect(await GatewayHarness.carry(live, 2).renditions.count == 2)
            #expect(try numbers(harness, live, "large") == nil, "listed no more")
            #expect(try numbers(harness, live, "small") == [0, 1, 2])
            #expect(try numbers(harness, live, "tiny") == [2])
            #expect(try numbers(harness, live, "source") == [0, 1, 2])
            #expect(change(harness, live, []) == .taken)
            #expect(await GatewayHarness.carry(live, 3).renditions.isEmpty)
            #expect(change(harness, live, GatewayHarness.profiles) == .taken)
            #expect(await GatewayHarness.carry(live, 4).renditions.count == 2)
            #expect(try numbers(harness, live, "small") == [4], "it begins anew")
        }
    }

    @Test func anotherProfileOfANameStartsADiscontinuity() async throws {
        let harness = GatewayHarness(["a": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("cam")
            _ = await GatewayHarness.carry(live, 0)
            #expect(change(harness, live, [Self.other]) == .taken)
            for number in 1..<3 { _ = await GatewayHarness.carry(live, Int64(number)) }
            guard case .found(let text) = harness.table.mediaPlaylist(of: live.pipeline.id, rendition: "small") else {
                Issue.record("no playlist")
                return
            }
            #expect(String(buffer: text).split(separator: "\n").count { $0 == "#EXT-X-DISCONTINUITY" } == 1)
        }
    }

    @Test func whoHasNotSeenTheLastChangeIsTold() async throws {
        let harness = GatewayHarness(["a": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("cam")
            let seen = live.pipeline.wanted
            #expect(harness.table.change(live.pipeline.id, to: [Self.tiny]) { $0 == seen } == .taken)
            #expect(harness.table.change(live.pipeline.id, to: []) { $0 == seen } == .changedMeanwhile)
            #expect(live.pipeline.wanted == [Self.tiny])
            for round in 0..<8 {
                let names = (0..<10).map { TranscodeProfile(name: "r\(round)-\($0)", width: 8, height: 8, bitrate: 1) }
                let expected: LadderChange = round < 6 ? .taken : .tooManyNames(most: StreamOutput.mostNames)
                #expect(change(harness, live, names) == expected, "\(round)")
                _ = await GatewayHarness.carry(live, Int64(round))
            }
            live.pipeline.finish()
            #expect(change(harness, live, []) == .notLive)
        }
    }

    @Test func nothingIsMadeWhileItIsSuspended() async throws {
        let harness = GatewayHarness(["a": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("cam")
            let stream = live.pipeline.id
            _ = await GatewayHarness.carry(live, 0)
            harness.table.suspendRenditions(of: stream, true)
            let suspended = await GatewayHarness.carry(live, 1)
            #expect(suspended.renditions.allSatisfy { $0 == nil } && suspended.failure?.detail.contains("quota") == true)
            harness.table.suspendRenditions(of: stream, false)
            #expect(await GatewayHarness.carry(live, 2).failure == nil)
            #expect(try harness.playlist(stream, "small")?.entries.map(\.isGap) == [false, true, false])
            #expect(try harness.playlist(stream, "source")?.entries.map(\.isGap) == [false, false, false])
        }
    }
}
