import Foundation
import HTTPTypes
import Logging
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Synchronization
import Testing

@testable import SluiceNetwork

@Suite struct OrchestratorEndpointTests {
    let service: ScriptedService
    let door: OrchestratorDoor

    init() throws {
        service = ScriptedService()
        door = try OrchestratorDoor(service)
    }

    @Test func discoveryTellsEverythingAGatewayNeeds() async throws {
        let answer = try await door.call("GetOrchestrator", Net_OrchestratorRequest())
        #expect(answer.trailers?[.init("grpc-status")!] == "0")
        #expect(answer.head?.headerFields[.contentType] == "application/grpc")
        let info = try GRPCFrame.decode(Net_OrchestratorInfo.self, from: answer.body)
        #expect(info.transcoder == "https://127.0.0.1:8935")
        #expect(info.address == Data(repeating: 0, count: 20))
        #expect(info.authToken.sessionID.count == 32 && info.authToken.expiration == 1000 + 1800)
        #expect(info.capabilities.version == "0.1.0" && !info.hasPriceInfo && !info.hasTicketParams)
    }

    @Test(
        arguments: [
            ("/net.Orchestrator/Nope", "12", "unknown method Nope for service net.Orchestrator"),
            ("/net.Transcoder/RegisterTranscoder", "12", "unknown service net.Transcoder"),
            (
                "/net.Orchestrator/GetOrchestrator", "13",
                "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"
            ),
            ("/net.Orchestrator/EndTranscodingSession", "13", nil),
        ] as [(String, String, String?)])
    func badCallsGetTheirStatus(path: String, status: String, text: String?) async throws {
        let answer = try await door.post(path, body: ByteBuffer(bytes: [0, 0, 0, 0, 3, 255, 255, 255]), isCall: true)
        #expect(answer.head?.status == .ok && answer.body.readableBytes == 0)
        #expect(answer.trailers?[.init("grpc-status")!] == status)
        if let text { #expect(answer.trailers?[.init("grpc-message")!] == text) }
    }

    @Test func endingWithoutATokenIsACleanError() async throws {
        let answer = try await door.call("EndTranscodingSession", Net_EndTranscodingSessionRequest())
        #expect(answer.trailers?[.init("grpc-status")!] == "2")
        #expect(answer.trailers?[.init("grpc-message")!] == "Invalid auth token")
    }

    @Test func aSegmentComesBackAsOneRenditionPerProfile() async throws {
        let token = try await door.token()
        let answer = try await door.segment(token)
        #expect(answer.head?.status == .ok)
        let result = try Net_TranscodeResult(serializedBytes: answer.bytes)
        #expect(result.data.segments.map(\.url) == ["p", "q"].map { "https://127.0.0.1:8935/stream/\(token.sessionID)/\($0)/3.ts" })
        #expect(result.data.segments.map(\.pixels) == [10, 11])
        #expect(result.info.authToken == token)

        let fetched = try await door.get("/stream/\(token.sessionID)/q/3.ts")
        #expect(String(buffer: fetched.body) == ScriptedService.rendition(1))
        #expect(fetched.head?.headerFields[.contentType] == "video/mp2t")
        #expect(fetched.head?.headerFields[.contentLength] == "\(fetched.body.readableBytes)")

        let asked = try await door.head("/stream/\(token.sessionID)/q/3.ts")
        #expect(asked.head?.headerFields == fetched.head?.headerFields && asked.head?.status == .ok)
        #expect(asked.body.readableBytes == 0)
        #expect(try await door.head("/stream/\(token.sessionID)/q/4.ts").head?.status == .notFound)

        let ended = try await door.call("EndTranscodingSession", .with { $0.authToken = token } as Net_EndTranscodingSessionRequest)
        #expect(ended.trailers?[.init("grpc-status")!] == "0")
        #expect(service.ended == [SessionID(token.sessionID)])
        #expect(try await door.get("/stream/\(token.sessionID)/q/3.ts").head?.status == .notFound)
    }

    @Test func aWrongHashIsRefusedBeforeAnyWork() async throws {
        let answer = try await door.segment(try await door.token()) { $0.hash = Data(repeating: 0, count: 32) }
        #expect(answer.head?.status == .forbidden)
        #expect(String(buffer: answer.body) == "Forbidden\n")
        #expect(answer.head?.headerFields[.xContentTypeOptions] == "nosniff")
        #expect(service.jobs == 0)
    }

    @Test func aFailureTravelsInTheResult() async throws {
        service.fail(with: SegmentFailure(.busy, "queue full"))
        let result = try Net_TranscodeResult(serializedBytes: try await door.segment(try await door.token()).bytes)
        #expect(result.error == "OrchestratorBusy")
        #expect(result.info.hasAuthToken)
    }

    @Test func aSegmentByURLIsRefused() async throws {
        let answer = try await door.segment(try await door.token(), contentType: "application/vnd+livepeer.uri")
        #expect(answer.head?.status == .badRequest)
        #expect(String(buffer: answer.body) == "BadRequest\n")
    }

    @Test func aFullHouseServesWhomItServesAlready() async throws {
        let first = try await door.token()
        _ = try await door.segment(first)
        service.close(except: SessionID(first.sessionID))
        let stranger = try await door.call("GetOrchestrator", Net_OrchestratorRequest(), from: "10.0.0.9:1")
        #expect(stranger.trailers?[.init("grpc-message")!] == "Invalid orchestrator request: OrchestratorCapped")
        let renewed = try await door.token()
        #expect(try await door.segment(renewed).head?.status == .ok)
        #expect(service.ended == [SessionID(first.sessionID)])
    }

    @Test func aNewSessionInAFullHouseIsRefused() async throws {
        let token = try await door.token()
        service.close(except: nil)
        let answer = try await door.segment(token)
        #expect(answer.head?.status == .forbidden)
        #expect(String(buffer: answer.body) == "OrchestratorCapped\n")
    }

    @Test func anIdleSessionEndsAfterItsTime() async throws {
        let token = try await door.token()
        _ = try await door.segment(token)
        door.advance(by: .seconds(69))
        await door.endpoint.endIdleSessions()
        #expect(service.ended.isEmpty)
        door.advance(by: .seconds(2))
        await door.endpoint.endIdleSessions()
        #expect(service.ended == [SessionID(token.sessionID)])
        #expect(door.endpoint.calls.renditions.size == 0)
    }

    @Test func otherPathsAreUnknown() async throws {
        #expect(try await door.get("/healthz").head?.status == .ok)
        #expect(try await door.get("/nothing").head?.status == .notFound)
        #expect(try await door.post("/stream/a/b/1.ts", body: ByteBuffer()).head?.status == .methodNotAllowed)
    }
}
