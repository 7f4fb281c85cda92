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

/// An `OrchestratorEndpoint` without a socket; its time begins at second 1000.
struct OrchestratorDoor: Sendable {
    private final class Time: Sendable {
        let start = ContinuousClock.now
        let passed = Mutex(Duration.zero)
    }

    let endpoint: OrchestratorEndpoint
    private let time = Time()

    init(
        _ service: ScriptedService, uploads: UploadBudget = UploadBudget(), asks: AskedPrices = AskedPrices { _ in nil },
        market: MarketTerms? = nil
    ) throws {
        let time = time
        endpoint = try OrchestratorEndpoint(
            service: service, serviceURI: "https://127.0.0.1:8935", version: "0.1.0", asks: asks, market: { market },
            uploads: uploads,
            clock: ServerClock(
                unixSeconds: { 1000 + time.passed.withLock { $0.components.seconds } },
                instant: { time.start.advanced(by: time.passed.withLock { $0 }) }),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func advance(by step: Duration) { time.passed.withLock { $0 += step } }

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
        try await segment(header: try Self.header(token, change), contentType: contentType, body: Self.source)
    }

    /// The upload breaks off in its middle.
    func brokenSegment(_ token: Net_AuthToken) async throws -> DoorAnswer {
        try await respond(.post, "/segment", [.livepeerSegment: try Self.header(token) { _ in }], Self.source, isBroken: true)
    }

    private static let source = ByteBuffer(string: "a segment")

    private static func header(_ token: Net_AuthToken, _ change: (inout Net_SegData) -> Void) throws -> String {
        var message = Net_SegData()
        message.manifestID = Data("stream".utf8)
        message.seq = 3
        message.hash = Data(Keccak256.hash(source))
        message.authToken = token
        message.fullProfiles = ["p", "q"].map { name in
            .with { ($0.name, $0.width, $0.height, $0.bitrate) = (name, 320, 180, 1000) }
        }
        change(&message)
        return try SegmentCredentials.encode(message)
    }

    func segment(header: String, contentType: String = "video/MP2T", body: ByteBuffer) async throws -> DoorAnswer {
        try await respond(.post, "/segment", [.contentType: contentType, .livepeerSegment: header], body)
    }

    /// With a payment that names this price.
    func segment(_ token: Net_AuthToken, naming price: (wei: Int64, units: Int64)) async throws -> DoorAnswer {
        let payment = Net_Payment.with { ($0.expectedPrice.pricePerUnit, $0.expectedPrice.pixelsPerUnit) = price }
        let bytes: Data = try payment.serializedBytes()
        return try await respond(
            .post, "/segment",
            [.contentType: "video/MP2T", .livepeerSegment: try Self.header(token) { _ in }, .livepeerPayment: bytes.base64EncodedString()],
            Self.source)
    }

    func get(_ path: String) async throws -> DoorAnswer { try await respond(.get, path, [:], ByteBuffer()) }

    func head(_ path: String) async throws -> DoorAnswer { try await respond(.head, path, [:], ByteBuffer()) }

    func post(_ path: String, body: ByteBuffer, isCall: Bool = false, from address: String = "10.0.0.1:5") async throws -> DoorAnswer {
        try await respond(.post, path, isCall ? [.contentType: "application/grpc"] : [:], body, from: address)
    }

    private func respond(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields, _ body: ByteBuffer, from address: String = "10.0.0.1:5",
        isBroken: Bool = false
    ) async throws -> DoorAnswer {
        let box = Box()
        let source = Pieces(body, isBroken: isBroken)
        let request = HTTPServerRequest(
            head: HTTPRequest(method: method, scheme: "https", authority: "o", path: path, headerFields: headers),
            body: HTTPServerBody { try source.next() }, remoteAddress: address, isHTTP2: true)
        let writer = HTTPResponseWriter(isHead: method == .head) { parts in box.take(parts) }
        try await endpoint.respond(to: request, with: writer)
        return box.answer
    }
}

private final class Pieces: Sendable {
    private let rest: Mutex<ByteBuffer?>
    private let isBroken: Bool

    init(_ body: ByteBuffer, isBroken: Bool) {
        rest = Mutex(body)
        self.isBroken = isBroken
    }

    func next() throws -> ByteBuffer? {
        let next = rest.withLock { rest in
            defer { rest = nil }
            return rest
        }
        if next == nil, isBroken { throw ChannelError.inputClosed }
        return next
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
