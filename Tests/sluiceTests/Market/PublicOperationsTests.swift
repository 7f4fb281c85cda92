import SluiceNetwork
import SluiceWire
import Testing

@testable import sluice

/// What the code of the media port knows by name stands in its document.
@Suite struct PublicOperationsTests {
    private let paths = Set((MediaOperations.all + LiveVideoOperations.all + AppOperations.all).map(\.path))

    @Test func everyVerbOfAStreamIsThere() {
        let missing = StreamJobEndpoint.verbs.filter { !paths.contains("\(StreamJobEndpoint.prefix){id}/\($0)") }
        #expect(missing.isEmpty)
        #expect(paths.contains("\(StreamJobEndpoint.prefix)start"))
        let own = paths.filter { $0.hasPrefix("\(StreamJobEndpoint.prefix){id}/") }
        #expect(own.count == StreamJobEndpoint.verbs.count)
    }

    @Test func everyBatchPipelineIsThere() {
        #expect(BatchPipeline.names.count == 9 && BatchPipeline.names.allSatisfy { paths.contains("/\($0)") })
    }

    @Test func noOperationStandsTwice() {
        let all = (MediaOperations.all + LiveVideoOperations.all + AppOperations.all).map { "\($0.method) \($0.path)" }
        #expect(Set(all).count == all.count)
    }
}
