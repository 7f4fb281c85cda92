import NIOCore
import SluiceRouting
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

@Suite(.timeLimit(.minutes(1))) struct SegmentWitnessTests {
    /// Stories and servings in the order they are told.
    private final class Notes: Sendable {
        let servings = Mutex<[SegmentServing]>([])
        let stories: AsyncStream<SegmentStory>
        private let told: AsyncStream<SegmentStory>.Continuation

        init() { (stories, told) = AsyncStream.makeStream() }

        func witness(of wanted: @escaping @Sendable (SegmentSequence) -> Bool = { _ in true }) -> SegmentWitness {
            SegmentWitness(
                name: { wanted($1) ? "\($0)-\($1)" : nil }, settled: { self.told.yield($0) },
                served: { serving in self.servings.withLock { $0.append(serving) } })
        }

        func next() async throws -> SegmentStory {
            var iterator = stories.makeAsyncIterator()
            return try #require(await iterator.next())
        }
    }

    @Test func theStoryHasEveryPartInOrder() async throws {
        let notes = Notes()
        let harness = GatewayHarness(
            ["a": [.fail(SegmentFailure(.transcodeFailed, "no"))], "b": [.answer(GatewayHarness.rendition)]], witness: notes.witness())
        try await harness.run {
            let live = try harness.open("one")
            _ = await GatewayHarness.carry(live, 0)
            let story = try await notes.next()
            #expect(story.stream.rawValue == "one" && story.sequence == SegmentSequence(0) && story.failure == nil)
            #expect(story.renditions == ["small", "large"] && story.listings.map(\.content) == [.made, .made])
            let decision = try #require(story.decision)
            #expect(decision.attempts.map(\.orchestrator.rawValue) == ["a", "b"] && decision.attempts.allSatisfy { $0.ended != nil })
            let timeline = story.timeline
            let routed = try #require(timeline.routed)
            let source = try #require(timeline.sourcePublished)
            #expect(timeline.cut <= source && timeline.cut <= routed)
            for (came, listing) in zip(timeline.renditions, story.listings) {
                let came = try #require(came)
                #expect(routed <= came && came <= listing.turn && listing.turn <= listing.listed)
            }
        }
    }

    @Test func whatIsLostIsToldWithWhatStandsInItsPlace() async throws {
        let notes = Notes()
        let harness = GatewayHarness(
            ["a": [.refuse(SegmentFailure(.mediaUnusable, "no"))]], change: { $0.routing.serviceLevel.onMiss = .source },
            witness: notes.witness())
        try await harness.run {
            let live = try harness.open("one")
            _ = await GatewayHarness.carry(live, 0)
            let story = try await notes.next()
            #expect(story.failure?.reason == .mediaUnusable && story.listings.map(\.content) == [.source, .source])
        }
    }

    @Test func aStreamWithoutRenditionsIsToldOfToo() async throws {
        let notes = Notes()
        let harness = GatewayHarness([:], change: { $0.profiles = [] }, witness: notes.witness())
        try await harness.run {
            let live = try harness.open("one")
            _ = await GatewayHarness.carry(live, 0)
            let story = try await notes.next()
            #expect(story.decision == nil && story.listings.isEmpty && story.timeline.sourcePublished != nil)
        }
    }

    @Test func onlyTheSegmentsThatAreWantedAreToldOf() async throws {
        let notes = Notes()
        let harness = GatewayHarness(
            ["a": [.answer(GatewayHarness.rendition)]], witness: notes.witness { $0.rawValue % 2 == 1 })
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<4 { _ = await GatewayHarness.carry(live, Int64(number)) }
            #expect(try await notes.next().sequence == SegmentSequence(1))
            #expect(try await notes.next().sequence == SegmentSequence(3))
            #expect(live.pipeline.output.recent.all.map(\.trace) == [nil, "one-1", nil, "one-3"])
        }
    }

    @Test func theFirstPlaylistWithASegmentIsToldOnce() async throws {
        let notes = Notes()
        let harness = GatewayHarness(
            ["a": [.answer(GatewayHarness.rendition)]], change: { $0.playlistWindow = 3 }, witness: notes.witness())
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<2 { _ = await GatewayHarness.carry(live, Int64(number)) }
            _ = try harness.playlist(live.pipeline.id, "small")
            _ = try harness.playlist(live.pipeline.id, "small")
            #expect(notes.servings.withLock { $0.map(\.sequence.rawValue) } == [0, 1])
            #expect(notes.servings.withLock { $0.allSatisfy { $0.rendition == "small" && $0.listed <= $0.served } })
            // Those that left the playlist before anybody looked were never served.
            for number in 2..<10 { _ = await GatewayHarness.carry(live, Int64(number)) }
            _ = try harness.playlist(live.pipeline.id, "small")
            #expect(notes.servings.withLock { $0.map(\.sequence.rawValue) } == [0, 1, 7, 8, 9])
        }
    }
}
