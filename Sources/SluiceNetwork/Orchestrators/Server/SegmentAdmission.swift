import SluiceTypes
package import SluiceWire

/// Steps 1 to 10 of `/segment`: everything that is settled before the body is read (specs/transcoding-protocol §3.3).
package struct SegmentAdmission: Sendable {
    package let calls: OrchestratorCalls

    package init(calls: OrchestratorCalls) { self.calls = calls }

    /// - Returns: the checked request; its session counts as running until `JobSessions.finish`.
    package func admit(segmentHeader: String?, paymentHeader: String?, host: String) async throws -> SegmentRequest {
        let request = try SegmentRequest(
            segmentHeader: segmentHeader, paymentHeader: paymentHeader, offer: calls.identity.offer, tokens: calls.tokens,
            now: calls.clock.unixSeconds())
        if let expected = request.expectedPrice, let objection = calls.identity.asks.objection(request.session, expected) {
            throw SegmentRefusal(status: 402, text: objection)
        }
        try await makeRoom(for: request, host: host)
        return request
    }

    /// After a token refresh the gateway's next segment comes in a new session while the old one still holds a place: the old
    /// one yields when it is the same gateway's, for the same stream, and idle.
    private func makeRoom(for request: SegmentRequest, host: String) async throws {
        let session = request.session
        if !calls.sessions.isAlive(session), !calls.service.hasRoom(for: session),
            let old = calls.sessions.superseded(by: session, of: request.stream, host: host)
        {
            await calls.end(old)
        }
        guard calls.sessions.isAlive(session) || calls.service.hasRoom(for: session),
            calls.sessions.begin(session, of: request.stream, host: host, at: calls.clock.instant())
        else { throw SegmentRefusal(status: 403, text: "OrchestratorCapped") }
    }
}
