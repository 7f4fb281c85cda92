import SluiceTypes
import Testing

@testable import SluiceWire

@Suite struct TraceNamesTests {
    private func stream(_ name: String) throws -> StreamID { try #require(StreamID(name)) }

    @Test func aSegmentHasOneNameAndNoOtherHasIt() throws {
        let names = TraceNames(seed: 7, share: 1)
        var seen: Set<TraceID> = []
        for name in ["a", "b", "camera-1"] {
            for sequence in 0..<2000 {
                let trace = try #require(names.trace(try stream(name), SegmentSequence(Int64(sequence))))
                #expect(try trace == names.trace(stream(name), SegmentSequence(Int64(sequence))))
                #expect(seen.insert(trace).inserted)
            }
        }
        // Another life of the process calls them otherwise.
        let later = TraceNames(seed: 8, share: 1)
        #expect(try later.trace(stream("a"), SegmentSequence(0)) != names.trace(stream("a"), SegmentSequence(0)))
    }

    @Test(arguments: [0, 0.01, 0.25, 0.9, 1]) func theShareIsKept(_ share: Double) throws {
        let names = TraceNames(seed: 42, share: share)
        let count = try (0..<20_000).count { try names.trace(stream("cam"), SegmentSequence(Int64($0))) != nil }
        #expect(abs(Double(count) / 20_000 - share) < 0.01, "\(count)")
    }

    @Test func anOrchestratorIsToldOfItsAttempt() throws {
        let names = TraceNames(seed: 1, share: 1)
        let first = OrchestratorID("https://a:1")
        let cam = try stream("cam")
        let context = try #require(names.context(cam, SegmentSequence(3), first))
        #expect(context.trace == names.trace(cam, SegmentSequence(3)) && context.isSampled)
        #expect(context.span == TraceNames.attempt(first, of: context.trace))
        #expect(context.span != TraceNames.attempt(first, 1, of: context.trace))
        #expect(context.span != names.context(cam, SegmentSequence(3), OrchestratorID("https://b:1"))?.span)
        #expect(TraceContext(context.description) == context)
    }
}
