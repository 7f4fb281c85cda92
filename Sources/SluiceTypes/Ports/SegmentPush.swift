package import NIOCore

/// One pushed segment as it came by HTTP (specs/gateway-surface §3).
package struct PushedSegment: Sendable {
    package var stream: StreamID
    package var sequence: SegmentSequence
    package var container: SegmentContainer
    package var bytes: ByteBuffer
    /// `Content-Duration`; `nil` when missing or unreadable.
    package var declaredDuration: Duration?
    /// `Content-Resolution` as width and height.
    package var declaredResolution: (width: Int, height: Int)?
    /// From the `Livepeer-Transcode-Configuration` header; `nil` keeps the gateway's default profiles. Only the first
    /// segment of a stream is heard.
    package var profiles: [TranscodeProfile]?
    /// `Content-Slice-From` and `Content-Slice-To`: the part of which renditions are wanted; the source stays whole.
    package var slice: SegmentSlice?
    package var firstByte: ContinuousClock.Instant
    package var firstByteWallClock: Int64
    package var remoteAddress: String
    /// `http://HOST/PATH`, without a query (specs/gateway-surface §4).
    package var url: String
    /// Behind the question mark.
    package var query: String
    /// What the pusher shows to be let in.
    package var token: String?

    package init(
        stream: StreamID, sequence: SegmentSequence, container: SegmentContainer, bytes: ByteBuffer,
        declaredDuration: Duration? = nil, declaredResolution: (width: Int, height: Int)? = nil,
        profiles: [TranscodeProfile]? = nil, slice: SegmentSlice? = nil, firstByte: ContinuousClock.Instant, firstByteWallClock: Int64,
        remoteAddress: String, url: String = "", query: String = "", token: String? = nil
    ) {
        self.query = query
        self.stream = stream
        self.sequence = sequence
        self.container = container
        self.bytes = bytes
        self.declaredDuration = declaredDuration
        self.declaredResolution = declaredResolution
        self.profiles = profiles
        self.slice = slice
        self.firstByte = firstByte
        self.firstByteWallClock = firstByteWallClock
        self.remoteAddress = remoteAddress
        self.url = url
        self.token = token
    }
}

/// One finished rendition of a pushed segment, for the multipart answer.
package struct PushedRendition: Sendable {
    package var profile: TranscodeProfile
    package var bytes: ByteBuffer

    package init(profile: TranscodeProfile, bytes: ByteBuffer) {
        self.profile = profile
        self.bytes = bytes
    }
}

/// Why a pushed segment was not, or not wholly, worked off; the case decides the HTTP status.
package enum PushFailure: Error, Sendable, CustomStringConvertible {
    /// 422: no media, no video where it is needed, unknown codec.
    case unusableMedia(String)
    /// 422 in the reference too: no orchestrator managed it in time.
    case attemptsExhausted(String)
    /// 503, text `No sessions available`.
    case noOrchestrator
    /// 409: the stream is being published by other means.
    case refused(PublishRefusal)
    /// 400: the sequence went back, or came twice.
    case staleSequence(SegmentSequence, newest: SegmentSequence)

    package var description: String {
        switch self {
        case .unusableMedia(let text): text
        case .attemptsExhausted(let text): text
        case .noOrchestrator: "No sessions available"
        case .refused(let refusal): refusal.description
        case .staleSequence(let sequence, let newest):
            "segment \(sequence) is not newer than \(newest), the newest of this stream; number segments upwards"
        }
    }
}

/// The gateway's front door for whole segments.
package protocol SegmentPush: Sendable {
    /// Whether somebody may push a segment of this stream, as far as its token says: asked before its bytes are read.
    func confirm(_ request: PublishRequest) async throws(PublishRefusal)

    /// Takes the segment in and follows it to its end.
    ///
    /// - Parameter rendition: called for one after another, in the order of the profiles, each as soon as it and all before it
    ///   are there; never for a stream without profiles. What it throws ends the call, not the work.
    /// - Throws: `PushFailure`; what came before is not the whole answer then.
    func push(_ segment: PushedSegment, rendition: (PushedRendition) async throws -> Void) async throws

    /// Ends a pushed stream now instead of after its idle time. Returns whether there was one.
    func end(_ stream: StreamID) async -> Bool

    /// The same for somebody who may have to show that he may.
    func end(_ stream: StreamID, token: String?) async throws(PublishRefusal) -> Bool
}

extension SegmentPush {
    package func confirm(_ request: PublishRequest) async throws(PublishRefusal) {}

    package func end(_ stream: StreamID, token: String?) async throws(PublishRefusal) -> Bool { await end(stream) }
}
