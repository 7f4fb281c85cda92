import HTTPTypes
import SluiceTypes
package import SluiceWire

/// One segment's work at an orchestrator, for the trace that its gateway began.
package struct WorkStory: Sendable {
    package var context: TraceContext
    /// Whether it came while it was being cut.
    package var isStreamed: Bool
    /// Nanoseconds since 1970: the head of the request, and the last byte of the answer.
    package var start: Int64
    package var end: Int64
    /// What the gateway was told in the place of renditions.
    package var fault: String?
}

extension OrchestratorEndpoint {
    /// Carries a segment's request through, and tells of it when its gateway traces it. Called on the request's own task: `witness` must
    /// not wait.
    func witnessed(
        _ request: HTTPServerRequest, isStreamed: Bool, _ body: () async throws -> String?
    ) async throws {
        guard let witness, let context = request.head.headerFields[.traceparent].flatMap(TraceContext.init), context.isSampled else {
            _ = try await body()
            return
        }
        let start = wallClockNanoseconds()
        func tell(_ fault: String?) {
            witness(WorkStory(context: context, isStreamed: isStreamed, start: start, end: wallClockNanoseconds(), fault: fault))
        }
        do { tell(try await body()) } catch {
            tell(error is CancellationError ? "the gateway broke it off" : "\(error)")
            throw error
        }
    }
}
