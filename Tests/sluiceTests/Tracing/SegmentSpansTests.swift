import NIOCore
@testable import SluiceGateway
import SluiceRouting
import SluiceTypes
import SluiceWire
import Testing

@testable import sluice

@Suite struct SegmentSpansTests {
    private static let trace = TraceID(high: 1, low: 2)
    private static let wall: Int64 = 1_700_000_000_000_000_000

    /// First byte two seconds before the cut; one hedge that wins, listed 0.5 s after the cut.
    private func story(failing: Bool = false) throws -> SegmentStory {
        var decisions = RecordedDecisions()
        let stream = try #require(StreamID("cam"))
        if failing {
            decisions.segment(
                4, stream: stream,
                [
                    (0, 0.05, .accepted), (0, 0.1, .failed(SegmentFailure(.transcodeFailed, "no picture"))), (1, 0.2, .accepted),
                    (1, 0.3, .transcoded), (1, 0.35, .firstByte), (1, 0.4, .rendition(place: 0)), (1, 0.4, .finished),
                ])
        } else {
            decisions.served(4, stream: stream, in: 0.4)
        }
        let decision = try #require(decisions.all.first).decision
        let cut = ContinuousClock.now
        var timeline = SegmentTimeline(
            firstByteWallClock: Self.wall, lastByteWallClock: Self.wall + 2_000_000_000, firstByte: cut - .seconds(2), cut: cut)
        timeline.sourcePublished = cut + .milliseconds(1)
        timeline.routed = cut
        timeline.renditions = [cut + .milliseconds(400)]
        timeline.published = cut + .milliseconds(420)
        return SegmentStory(
            stream: stream, sequence: SegmentSequence(4), duration: .seconds(2), byteCount: 1000, renditions: ["small"],
            timeline: timeline, listings: [.init(content: .made, turn: cut + .milliseconds(410), listed: cut + .milliseconds(420))],
            decision: decision, failure: nil)
    }

    private func ms(_ span: Span) -> (Int64, Int64) { ((span.start - Self.wall) / 1_000_000, (span.end - Self.wall) / 1_000_000) }

    @Test func everyStageIsASpanWithItsTimes() throws {
        let spans = SegmentSpans(try story(), trace: Self.trace).all
        #expect(Set(spans.map(\.id)).count == spans.count)
        #expect(spans.allSatisfy { $0.trace == Self.trace && $0.end >= $0.start })
        func one(_ name: String) throws -> Span {
            let named = spans.filter { $0.name == name }
            #expect(named.count == 1, "\(name)")
            return try #require(named.first)
        }
        let root = try one("segment")
        #expect(root.parent == nil && ms(root) == (0, 2420))
        #expect(try ms(one("cut")) == (0, 2000))
        #expect(try ms(one("route")) == (2000, 2400))
        let attempt = try one("attempt")
        #expect(try attempt.parent == one("route").id && attempt.kind == .client && ms(attempt) == (2000, 2400))
        #expect(try ms(one("upload")) == (2000, 2050))
        #expect(try ms(one("work")) == (2050, 2350))
        #expect(try ms(one("download")) == (2350, 2400))
        #expect(try one("work").parent == attempt.id)
        #expect(try ms(one("reassemble")) == (2400, 2410))
        #expect(try ms(one("package")) == (2410, 2420))
        let lists = spans.filter { $0.name == "list" }
        #expect(lists.map { ms($0).1 } == [2001, 2420])
        for name in ["cut", "route", "reassemble", "package", "list"] {
            #expect(spans.filter { $0.name == name }.allSatisfy { $0.parent == root.id }, "\(name)")
        }
        // An orchestrator that was told of its attempt names the same parent.
        #expect(
            attempt.id == TraceNames.attempt(OrchestratorID("a"), of: Self.trace)
                || attempt.id == TraceNames.attempt(OrchestratorID("b"), of: Self.trace))
    }

    @Test func aFailedAttemptEndsWhereItFailedAndHasNoLaterPhases() throws {
        let spans = SegmentSpans(try story(failing: true), trace: Self.trace).all
        let attempts = spans.filter { $0.name == "attempt" }
        #expect(attempts.count == 2)
        #expect(attempts[0].fault == "transcodeFailed: no picture" && ms(attempts[0]) == (2000, 2100))
        #expect(spans.filter { $0.parent == attempts[0].id }.map(\.name) == ["upload"])
        #expect(spans.filter { $0.parent == attempts[1].id }.map(\.name) == ["upload", "work", "download"])
        let roles = attempts.map { span in span.attributes.first { $0.0 == "sluice.role" }.map(\.1) }
        #expect(roles == [.text("primary"), .text("retry")])
    }

    @Test func theFirstServingIsTheSameTracesSpan() throws {
        let now = ContinuousClock.now
        var serving = SegmentServing(
            stream: try #require(StreamID("cam")), sequence: SegmentSequence(4), rendition: "small", isLowLatency: false,
            listed: now - .milliseconds(30), served: now)
        let span = SegmentSpans.span(of: serving, trace: Self.trace, servedAt: Self.wall + 30_000_000)
        #expect(ms(span) == (0, 30))
        #expect(span.parent == SegmentSpans(try story(), trace: Self.trace).all.first { $0.name == "segment" }?.id)
        serving.isLowLatency = true
        let low = SegmentSpans.span(of: serving, trace: Self.trace, servedAt: Self.wall + 30_000_000)
        #expect(low.id != span.id && low.name == "serve" && low.parent == span.parent, "both of a segment that is served in both ways")
        #expect(low.attributes.contains { $0.0 == "sluice.playlist" && $0.1 == .text("ll") })
    }
}
