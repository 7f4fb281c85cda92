import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOHTTPTypes
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Synchronization

@testable import SluiceNetwork

/// What came back of one request.
struct DoorAnswer: Sendable {
    var head: HTTPResponse?
    var body = ByteBuffer()
    var trailers: HTTPFields?
    var bytes: [UInt8] { Array(buffer: body) }
}

/// An `OrchestratorEndpoint` without a socket, at second 1000.
struct OrchestratorDoor: Sendable {
    private final class Time: Sendable {
        let now = Mutex(ContinuousClock.now)
    }

    let endpoint: OrchestratorEndpoint
    private let time = Time()

    init(_ service: ScriptedService) throws {
        let time = time
        endpoint = try OrchestratorEndpoint(
            service: service, serviceURI: "https://127.0.0.1:8935", version: "0.1.0",
            clock: ServerClock(unixSeconds: { 1000 }, instant: { time.now.withLock { $0 } }),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func advance(by step: Duration) { time.now.withLock { $0 = $0.advanced(by: step) } }

    func call(_ name: String, _ message: some Message, from address: String = "10.0.0.1:5") async throws -> DoorAnswer {
        try await post("/net.Orchestrator/\(name)", body: GRPCFrame.encode(message), isCall: true, from: address)
    }

    func token() async throws -> Net_AuthToken {
        let answer = try await call("GetOrchestrator", Net_OrchestratorRequest())
        return try GRPCFrame.decode(Net_OrchestratorInfo.self, from: answer.body).authToken
    }

    func segment(
        _ token: Net_AuthToken, contentType: String = "video/MP2T", change: (inout Net_SegData) -> Void = { _ in }
    ) async throws -> DoorAnswer {
        let body = ByteBuffer(string: "a segment")
        var message = Net_SegData()
        message.manifestID = Data("stream".utf8)
        message.seq = 3
        message.hash = Data(Keccak256.hash(body))
        message.authToken = token
        message.fullProfiles = ["p", "q"].map { name in
            .with { ($0.name, $0.width, $0.height, $0.bitrate) = (name, 320, 180, 1000) }
        }
        change(&message)
        var headers: HTTPFields = [.contentType: contentType]
        headers[.livepeerSegment] = try SegmentCredentials.encode(message)
        return try await respond(.post, "/segment", headers, body)
    }

    func get(_ path: String) async throws -> DoorAnswer { try await respond(.get, path, [:], ByteBuffer()) }

    func post(_ path: String, body: ByteBuffer, isCall: Bool = false, from address: String = "10.0.0.1:5") async throws -> DoorAnswer {
        try await respond(.post, path, isCall ? [.contentType: "application/grpc"] : [:], body, from: address)
    }

    private func respond(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields, _ body: ByteBuffer, from address: String = "10.0.0.1:5"
    ) async throws -> DoorAnswer {
        let box = Box()
        let source = Pieces(body)
        let request = HTTPServerRequest(
            head: HTTPRequest(method: method, scheme: "https", authority: "o", path: path, headerFields: headers),
            body: HTTPServerBody { source.next() }, remoteAddress: address, isHTTP2: true)
        let writer = HTTPResponseWriter(isHead: method == .head) { parts in box.take(parts) }
        try await endpoint.respond(to: request, with: writer)
        return box.answer
    }
}

private final class Pieces: Sendable {
    private let rest: Mutex<ByteBuffer?>
    init(_ body: ByteBuffer) { rest = Mutex(body) }
    func next() -> ByteBuffer? {
        rest.withLock { rest in
            defer { rest = nil }
            return rest
        }
    }
}

private final class Box: Sendable {
    private let taken = Mutex(DoorAnswer())
    var answer: DoorAnswer { taken.withLock { $0 } }

    func take(_ parts: [HTTPResponsePart]) {
        taken.withLock { answer in
            for part in parts {
                switch part {
                case .head(let head): answer.head = head
                case .body(let bytes): answer.body.writeImmutableBuffer(bytes)
                case .end(let trailers): answer.trailers = trailers
                }
            }
        }
    }
}
