import HTTPTypes
import Logging
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf

/// `POST /live-video-to-video` on the orchestrator's port (specs/live-ai-protocol §4).
package struct LiveVideoEndpoint: HTTPResponder {
    package static let path = "/live-video-to-video"

    private let desk: LiveVideoDesk
    private let calls: OrchestratorCalls

    package init(_ desk: LiveVideoDesk, calls: OrchestratorCalls) {
        self.desk = desk
        self.calls = calls
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard request.head.method == .post else {
            return try await writer.send(.methodNotAllowed, headers: [.allow: "POST"])
        }
        do {
            let body: ByteBuffer
            do { body = try await request.body.collect(upTo: LiveVideoForms.longestStart) } catch is HTTPBodyTooLarge {
                throw SegmentRefusal(status: 413, text: "a start call has at most \(LiveVideoForms.longestStart) bytes")
            }
            let wanted = try parsed(body)
            try check(request)
            let (manifest, urls) = try await desk.start(wanted)
            try await writer.send(
                .ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: urls.answer(manifest: manifest)))
        } catch let refusal as SegmentRefusal {
            calls.logger.info("live video refused", metadata: ["reason": "\(refusal)", "gateway": "\(request.remoteAddress)"])
            try await writer.refuse(HTTPResponse.Status(code: refusal.status), refusal.text)
        }
    }

    private func parsed(_ body: ByteBuffer) throws(SegmentRefusal) -> LiveVideoRequest {
        do { return try LiveVideoForms.request(body.readableBytesView) } catch {
            throw SegmentRefusal(status: 400, text: error.description)
        }
    }

    /// The gateway's credentials: a token of ours, and a job that we can do.
    private func check(_ request: HTTPServerRequest) throws(SegmentRefusal) {
        guard let bytes = HeaderBase64.decode(request.head.headerFields[.livepeerSegment] ?? ""),
            let message = try? Net_SegData(serializedBytes: bytes)
        else { throw SegmentRefusal(status: 403, text: "ErrorSegEncoding") }
        guard CapabilityMatch.allows(message.capabilities, offer: calls.identity.liveVideoOffer) else {
            throw SegmentRefusal(status: 403, text: "incompatible capabilities")
        }
        let verdict = calls.tokens.verify(message.hasAuthToken ? message.authToken : nil, now: calls.clock.unixSeconds())
        guard verdict == .valid else { throw SegmentRefusal(status: 403, text: verdict.rawValue) }
        let expected = try SegmentRequest.expectedPrice(in: request.head.headerFields[.livepeerPayment] ?? "")
        if let expected, let objection = calls.identity.asks.objection(SessionID(message.authToken.sessionID), expected) {
            throw SegmentRefusal(status: 402, text: objection)
        }
    }
}
