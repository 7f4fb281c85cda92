import Foundation
import HTTPTypes
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Synchronization

@testable import SluiceNetwork

/// An orchestrator that behaves as told: a segment pops one behaviour, the last one stays.
final class ScriptedPeer: HTTPResponder {
    enum Behaviour: Sendable {
        case good
        case garbage
        /// So many renditions, whatever was asked for.
        case renditions(Int)
        case failure(String)
        case refuse(HTTPResponse.Status, String)
        /// The head, half of the result, and the end of the stream.
        case half
        /// Not even a head, until the gateway gives up.
        case silent
        case silentAfterItsHead
        /// With a token of that number in the result, in place of the request's own.
        case otherToken(Int)
    }

    enum Rendition: Sendable { case whole, half, silent, missing, tiny }

    private struct State {
        var segments: [Behaviour]
        var renditions: [Rendition] = [.whole]
        var sessions: [String] = []
        var ended: [String] = []
        var tokens = 0
        var asking = 0
        var mostAsking = 0
        var store: HTTPAuthority?
        var price: (wei: Int64, pixels: Int64)?
        var onAsked: (@Sendable (Int) async throws -> Void)?
    }

    private let state: Mutex<State>
    /// A segment's exchange was given up by the gateway.
    let abandoned = Gate()
    /// A session was ended.
    let hasEnded = Gate()

    init(_ segments: Behaviour...) { state = Mutex(State(segments: segments)) }

    /// The session of each segment that came in.
    var sessions: [String] { state.withLock { $0.sessions } }
    var ended: [String] { state.withLock { $0.ended } }
    /// Tokens given out.
    var tokens: Int { state.withLock { $0.tokens } }
    /// Calls for a token that were open at once, at most.
    var mostAsking: Int { state.withLock { $0.mostAsking } }

    /// By place in the profiles; the last one stays.
    func serve(_ renditions: Rendition...) { state.withLock { $0.renditions = renditions } }

    /// Renditions are said to lie there.
    func store(at authority: HTTPAuthority) { state.withLock { $0.store = authority } }

    func price(_ wei: Int64, forPixels pixels: Int64) { state.withLock { $0.price = (wei, pixels) } }

    /// - Parameter body: runs before a token is given out, with its number; throwing refuses it.
    func whenAsked(_ body: @escaping @Sendable (Int) async throws -> Void) { state.withLock { $0.onAsked = body } }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let base = "https://\(request.head.authority ?? "")"
        let path = request.head.path ?? ""
        switch path {
        case "/net.Orchestrator/GetOrchestrator": try await answerDiscovery(base, writer)
        case "/net.Orchestrator/EndTranscodingSession":
            let body = try await request.body.collect(upTo: 1 << 20)
            let token = try GRPCFrame.decode(Net_EndTranscodingSessionRequest.self, from: body).authToken
            state.withLock { $0.ended.append(token.sessionID) }
            try await answer(Net_EndTranscodingSessionResponse(), writer)
            hasEnded.open()
        case "/segment": try await answerSegment(request, base, writer)
        default: try await answerRendition(path, writer)
        }
    }

    private func answerDiscovery(_ base: String, _ writer: HTTPResponseWriter) async throws {
        let (number, onAsked) = state.withLock { state in
            state.tokens += 1
            state.asking += 1
            state.mostAsking = max(state.mostAsking, state.asking)
            return (state.tokens, state.onAsked)
        }
        defer { state.withLock { $0.asking -= 1 } }
        do { try await onAsked?(number) } catch {
            try await writer.begin(.ok, headers: [.contentType: "application/grpc"])
            return try await writer.finish(trailers: [.grpcStatus: "2", .grpcMessage: "\(error)"])
        }
        try await answer(information(base, number), writer)
    }

    private func information(_ base: String, _ number: Int) -> Net_OrchestratorInfo {
        let price = state.withLock { $0.price }
        return .with {
            $0.transcoder = base
            if let price { $0.priceInfo = .with { ($0.pricePerUnit, $0.pixelsPerUnit) = price } }
            $0.authToken = .with {
                ($0.sessionID, $0.expiration) = ("s\(number)", wallClockNanoseconds() / 1_000_000_000 + 1800)
                $0.token = Data([UInt8(truncatingIfNeeded: number)])
            }
        }
    }

    private func answer(_ message: some Message, _ writer: HTTPResponseWriter) async throws {
        try await writer.begin(.ok, headers: [.contentType: "application/grpc"])
        try await writer.write(try GRPCFrame.encode(message))
        try await writer.finish(trailers: [.grpcStatus: "0"])
    }

    private func answerSegment(_ request: HTTPServerRequest, _ base: String, _ writer: HTTPResponseWriter) async throws {
        let bytes = HeaderBase64.decode(request.head.headerFields[.livepeerSegment] ?? "") ?? Data()
        let asked = try Net_SegData(serializedBytes: bytes)
        _ = try await request.body.collect(upTo: 1 << 20)
        let (behaviour, store) = state.withLock { state in
            state.sessions.append(asked.authToken.sessionID)
            let behaviour = state.segments[0]
            if state.segments.count > 1 { state.segments.removeFirst() }
            return (behaviour, state.store)
        }
        var result = Net_TranscodeResult()
        let lies = store.map { "\($0)" } ?? base
        func renditions(_ count: Int) -> [Net_TranscodedSegmentData] {
            (0..<count).map { index in .with { $0.url = "\(lies)/stream/s/\(index)/0.ts" } }
        }
        result.data.segments = renditions(2)
        switch behaviour {
        case .good: break
        case .garbage: return try await writer.send(.ok, body: ByteBuffer(repeating: 255, count: 40))
        case .renditions(let count): result.data.segments = renditions(count)
        case .failure(let text): result.error = text
        case .refuse(let status, let text): return try await writer.send(status, body: ByteBuffer(string: text + "\n"))
        case .half: return try await breakOff(try result.serializedBytes(), writer)
        case .silent: return await waitUntilAbandoned()
        case .silentAfterItsHead:
            try await writer.begin(.ok)
            return await waitUntilAbandoned()
        case .otherToken(let number): result.info = information(base, number)
        }
        try await writer.send(.ok, body: ByteBuffer(bytes: try result.serializedBytes() as [UInt8]))
    }

    private func answerRendition(_ path: String, _ writer: HTTPResponseWriter) async throws {
        let index = path.split(separator: "/").dropFirst(2).first.flatMap { Int($0) } ?? 0
        let rendition = state.withLock { $0.renditions[min(index, $0.renditions.count - 1)] }
        switch rendition {
        case .whole: try await writer.send(.ok, body: ByteBuffer(repeating: 1, count: 100))
        case .half: try await breakOff([UInt8](repeating: 1, count: 100), writer)
        case .silent: await waitUntilAbandoned()
        case .missing: try await writer.send(.notFound)
        case .tiny: try await writer.send(.ok, body: ByteBuffer(string: "tiny"))
        }
    }

    private struct BreakOff: Error {}

    private func breakOff(_ bytes: [UInt8], _ writer: HTTPResponseWriter) async throws {
        try await writer.begin(.ok, headers: [.contentLength: "\(bytes.count)"])
        try await writer.write(ByteBuffer(bytes: bytes.prefix(bytes.count / 2)))
        throw BreakOff()
    }

    private func waitUntilAbandoned() async {
        await Gate().wait()
        abandoned.open()
    }
}
