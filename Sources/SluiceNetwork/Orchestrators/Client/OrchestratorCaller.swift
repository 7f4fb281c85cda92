import FoundationEssentials
import HTTPTypes
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf

/// The unary gRPC calls a gateway makes, over the connection that also carries its segments (specs/transcoding-protocol §1.3).
struct OrchestratorCaller: Sendable {
    /// A refused call: gRPC's status and text.
    struct Refused: Error, CustomStringConvertible {
        let status: Int
        let text: String
        var description: String { "gRPC status \(status): \(text)" }
    }

    let connection: HTTPClientConnection

    func information(needing capabilities: CapabilitySet, within limit: Duration) async throws -> Net_OrchestratorInfo {
        var request = Net_OrchestratorRequest()
        // Off-chain there is no address; the reference sends twenty zeros (appendix A.1).
        request.address = Data(repeating: 0, count: 20)
        request.capabilities = capabilities.jobMessage()
        return try await call("GetOrchestrator", request, answer: Net_OrchestratorInfo.self, within: limit)
    }

    func end(_ token: Net_AuthToken, within limit: Duration) async throws {
        var request = Net_EndTranscodingSessionRequest()
        request.authToken = token
        _ = try await call("EndTranscodingSession", request, answer: Net_EndTranscodingSessionResponse.self, within: limit)
    }

    private func call<Answer: Message & Sendable>(
        _ method: String, _ request: some Message, answer: Answer.Type, within limit: Duration
    ) async throws -> Answer {
        let connection = connection
        let frame = try GRPCFrame.encode(request)
        let head = HTTPRequest(
            method: .post, scheme: connection.authority.isSecure ? "https" : "http", authority: connection.authority.name,
            path: "/net.Orchestrator/\(method)",
            headerFields: [.contentType: "application/grpc", .te: "trailers", .userAgent: "sluice"])
        return try await within(limit, of: method) {
            try await connection.exchange(head, body: frame) { response, body in
                guard response.status == .ok else {
                    throw Refused(status: 2, text: "HTTP \(response.status.code) instead of a gRPC answer")
                }
                let bytes = try await body.collect(upTo: GRPCFrame.longestMessage)
                // A refusal without a message may put its trailers into the head.
                let fields = body.trailers ?? response.headerFields
                let status = fields[.grpcStatus].flatMap { Int($0) } ?? response.headerFields[.grpcStatus].flatMap { Int($0) }
                guard let status else { throw Refused(status: 2, text: "the answer has no grpc-status") }
                guard status == 0 else {
                    let text = fields[.grpcMessage] ?? response.headerFields[.grpcMessage] ?? ""
                    throw Refused(status: status, text: GRPCFrame.decodeStatusText(text))
                }
                return try GRPCFrame.decode(Answer.self, from: bytes)
            }
        }
    }
}
