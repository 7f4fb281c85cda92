package import Logging
package import NIOCore
import SluiceProto
package import SluiceTypes
package import SluiceWire

/// The unary calls of `net.Orchestrator` (specs/transcoding-protocol §1.3, §1.5, §1.6).
package struct OrchestratorCalls: Sendable {
    package enum Answer: Sendable {
        case message(ByteBuffer)
        case failure(status: Int, text: String)
    }

    package let identity: OrchestratorIdentity
    package let service: any TranscodeService
    package let tokens: SessionTokens
    package let sessions: JobSessions
    package let renditions: RenditionStore
    package let clock: ServerClock
    package let logger: Logger

    /// - Parameters:
    ///   - path: `/net.Orchestrator/Ping` and so on.
    ///   - host: the caller's address without its port.
    package func answer(_ path: String, body: ByteBuffer, host: String) async -> Answer {
        do {
            switch path {
            case "/net.Orchestrator/GetOrchestrator": return try getOrchestrator(body, host: host)
            case "/net.Orchestrator/EndTranscodingSession": return try await endTranscodingSession(body)
            case "/net.Orchestrator/Ping":
                _ = try GRPCFrame.decode(Net_PingPong.self, from: body)
                // Off-chain there is nothing to sign with.
                return .message(try GRPCFrame.encode(Net_PingPong()))
            default: return unknown(path)
            }
        } catch let fault as GRPCFrame.Fault {
            return .failure(status: 13, text: "grpc: error unmarshalling request: \(fault)")
        } catch {
            logger.error("a call failed", metadata: ["path": "\(path)", "error": "\(error)"])
            return .failure(status: 13, text: "internal error")
        }
    }

    /// A full house takes nobody new. A gateway that is served already gets its new token even so: without one its stream would
    /// end here (§2.3). Off-chain every gateway has the same empty address, so it is known by its host.
    private func getOrchestrator(_ body: ByteBuffer, host: String) throws -> Answer {
        let request = try GRPCFrame.decode(Net_OrchestratorRequest.self, from: body)
        let wanted = LiveVideoCapability.wanted(request.capabilities)
        if !wanted.isEmpty {
            // Live video is not counted with the streams that are transcoded (§1.5, step 4).
            let models = identity.liveModels()
            guard wanted.contains(where: { name in models.contains { $0.name == name && $0.used < $0.capacity } }) else {
                return .failure(status: 2, text: "Invalid orchestrator request: OrchestratorCapped")
            }
            return .message(
                try GRPCFrame.encode(
                    identity.message(
                        token: try tokens.issue(now: clock.unixSeconds()), isForLiveVideo: true, withMarket: true)))
        }
        guard service.hasRoom(for: nil) || sessions.serves(host: host) else {
            return .failure(status: 2, text: "Invalid orchestrator request: OrchestratorCapped")
        }
        let token = try tokens.issue(now: clock.unixSeconds())
        return .message(try GRPCFrame.encode(identity.message(token: token, withAllPrices: !request.hasCapabilities, withMarket: true)))
    }

    private func endTranscodingSession(_ body: ByteBuffer) async throws -> Answer {
        let request = try GRPCFrame.decode(Net_EndTranscodingSessionRequest.self, from: body)
        guard request.hasAuthToken, tokens.isGenuine(request.authToken) else {
            return .failure(status: 2, text: "Invalid auth token")
        }
        await end(SessionID(request.authToken.sessionID))
        return .message(try GRPCFrame.encode(Net_EndTranscodingSessionResponse()))
    }

    package func end(_ session: SessionID) async {
        sessions.remove(session)
        renditions.drop(session)
        await service.end(session)
        logger.debug("session ended", metadata: ["session": "\(session)"])
    }

    private func unknown(_ path: String) -> Answer {
        let parts = path.split(separator: "/")
        let service = parts.first ?? ""
        guard service == "net.Orchestrator", parts.count == 2 else {
            return .failure(status: 12, text: "unknown service \(service)")
        }
        return .failure(status: 12, text: "unknown method \(parts[1]) for service \(service)")
    }
}
