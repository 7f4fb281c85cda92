import Foundation
import HTTPTypes
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Testing

@testable import SluiceNetwork

/// `/segment` over a socket, with a service whose work ends when the test says so.
@Suite(.timeLimit(.minutes(1))) struct SegmentWireTests {
    private let service = ScriptedService()
    private let gate = Gate()
    private let endpoint: OrchestratorEndpoint

    init() throws {
        endpoint = try OrchestratorEndpoint(
            service: service, serviceURI: "https://127.0.0.1:8935", version: "0.1.0", logger: TestServer.quiet)
        service.hold(until: gate)
    }

    private func request(to peer: TestServer) throws -> (HTTPRequest, ByteBuffer) {
        let body = ByteBuffer(string: "a segment")
        let message = Net_SegData.with {
            $0.manifestID = Data("stream".utf8)
            $0.hash = Data(Keccak256.hash(body))
            $0.fullProfiles = [.with { ($0.name, $0.width, $0.height, $0.bitrate) = ("p", 320, 180, 1000) }]
        }
        var signed = message
        signed.authToken = try endpoint.calls.tokens.issue(now: endpoint.calls.clock.unixSeconds())
        var head = peer.head(.post, "/segment")
        head.headerFields[.livepeerSegment] = try SegmentCredentials.encode(signed)
        return (head, body)
    }

    @Test(arguments: [true, false])
    func the200ComesBeforeTheWorkIsDone(tls: Bool) async throws {
        try await TestServer.serving(endpoint, tls: tls) { peer in
            let client = try peer.client()
            let (head, body) = try request(to: peer)
            let gate = gate
            let result = try await client.exchange(head, body: body) { response, body in
                #expect(response.status == .ok)
                // Nothing of the result can be here: the work is held until now.
                gate.open()
                return try Net_TranscodeResult(serializedBytes: Array(buffer: try await body.collect(upTo: 10_000)))
            }
            #expect(result.data.segments.count == 1)
            await client.close()
        }
    }

    @Test(arguments: [true, false])
    func aGatewayThatGoesAwayStopsTheWork(tls: Bool) async throws {
        try await TestServer.serving(endpoint, tls: tls) { peer in
            let client = try peer.client()
            let (head, body) = try request(to: peer)
            let status = try await client.exchange(head, body: body) { response, _ in response.status }
            #expect(status == .ok)
            await service.abandoned.wait()
            await client.close()
        }
        // The server has ended, and with it the task that answered.
        #expect(endpoint.uploads.held == 0)
        #expect(endpoint.calls.renditions.size == 0)
    }
}
