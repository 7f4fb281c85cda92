import HTTPTypes
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// What is refused at `/sluice/segment` before a byte of a segment is read.
@Suite struct StreamedDoorTests {
    /// Takes whole segments only.
    private struct Plain: TranscodeService {
        let capabilities = CapabilitySet.networkDefault

        func transcode(_ job: SegmentJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
            AsyncThrowingStream { $0.finish() }
        }

        func hasRoom(for session: SessionID?) -> Bool { true }
        func end(_ session: SessionID) async {}
    }

    @Test func whoDoesNotSpeakItSaysNothingOfItAndHasNoSuchPath() async throws {
        let endpoint = try OrchestratorEndpoint(
            service: Plain(), serviceURI: "https://localhost:8935", version: "0.1.0", logger: TestServer.quiet)
        #expect(endpoint.calls.identity.message(token: Net_AuthToken()).streamedSegments.isEmpty)
        try await TestServer.serving(endpoint) { server in
            let status = try await server.client().exchange(server.head(.post, OrchestratorEndpoint.streamedSegmentPath)) { answer, _ in
                answer.status
            }
            #expect(status == .notFound)
        }
    }

    @Test func itIsAPostByHTTP2WithGoodCredentials() async throws {
        let endpoint = try OrchestratorEndpoint(
            service: ScriptedService(), serviceURI: "https://localhost:8935", version: "0.1.0", logger: TestServer.quiet)
        #expect(endpoint.calls.identity.message(token: Net_AuthToken()).streamedSegments == [1])
        for (method, tls, refusal) in [
            (HTTPRequest.Method.get, true, HTTPResponse.Status.badRequest), (.post, false, .badRequest), (.post, true, .forbidden),
        ] {
            try await TestServer.serving(endpoint, tls: tls) { server in
                let status = try await server.client().exchange(server.head(method, OrchestratorEndpoint.streamedSegmentPath)) {
                    answer, _ in
                    answer.status
                }
                #expect(status == refusal)
            }
        }
    }
}
