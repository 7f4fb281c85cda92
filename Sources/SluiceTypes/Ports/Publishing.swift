/// Receives one publisher's packets, synchronously, on the publisher's own event loop. Not Sendable: confined to it.
package protocol PacketSink: AnyObject {
    /// A decoder configuration; before the first packet of a track, and again when the publisher changes it.
    func configure(video: VideoParameters)
    func configure(audio: AudioParameters)
    /// - Parameter packet: dts in arrival order per track; packets before their track's configuration are dropped by the caller.
    func consume(_ packet: EncodedPacket)
    /// What follows does not continue what came, though its times may.
    func interrupt()
    /// The publisher has gone in order; last call. The last segment is closed here.
    func finish()
    /// The publisher has gone without a word, and may come back; last call, instead of `finish`.
    func lose()
}

extension PacketSink {
    package func interrupt() {}
    package func lose() { finish() }
}

/// Who wants to publish what, before anybody said yes.
package struct PublishRequest: Sendable {
    package enum Origin: String, Sendable { case rtmp, httpPush, liveVideo }

    package var stream: StreamID
    package var key: String?
    package var origin: Origin
    package var remoteAddress: String
    /// As the publisher gave it, with key and, for RTMP, query: what an operator's own check is asked about.
    package var url: String
    /// What it asks for behind the question mark of its URL, percent-encoded.
    package var query: String
    /// What the publisher shows to be let in, wherever it stood.
    package var token: String?

    /// - Parameter query: `nil` for that of the URL.
    package init(
        stream: StreamID, key: String?, origin: Origin, remoteAddress: String, url: String = "", query: String? = nil,
        token: String? = nil
    ) {
        self.stream = stream
        self.query = query ?? String(url.split(separator: "?", maxSplits: 1).dropFirst().first ?? "")
        self.key = key
        self.origin = origin
        self.remoteAddress = remoteAddress
        self.url = url
        self.token = token
    }
}

/// Why a publisher was turned away.
package enum PublishRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case alreadyPublishing(StreamID)
    case tooManyStreams(limit: Int)
    case shuttingDown
    /// Whoever decides for the operator said no, or did not answer.
    case denied(String)
    /// It may publish, but not as it was asked for: settings that contradict each other or mean nothing.
    case unusable(String)
    /// Whose stream it is has as much as it may have.
    case overQuota(String)

    package var description: String {
        switch self {
        case .alreadyPublishing(let stream): "stream \(stream) already has a live publisher"
        case .tooManyStreams(let limit): "this gateway carries its limit of \(limit) streams"
        case .shuttingDown: "this gateway is shutting down"
        case .denied(let reason): reason
        case .unusable(let reason): reason
        case .overQuota(let reason): reason
        }
    }
}

/// Why a publisher that was let in must go.
package enum Eviction: Hashable, Sendable {
    /// Another publisher of the same kind has just taken the name over: who watched this one goes on with that.
    case succeeded
    /// The operator ended the stream, or a publisher of another kind has the name now.
    case ended
}

/// A publisher that was let in. Holding it keeps the stream's name taken.
package protocol Publication: Sendable {
    /// The name and key it was let in under, which are not always those it asked for.
    var stream: StreamID { get }
    var key: String? { get }

    /// Makes the sink. Call once, on the event loop that will feed it.
    func makeSink() -> any PacketSink
}

/// The gateway's front door for live packets.
package protocol PublisherGate: Sendable {
    /// - Parameters:
    ///   - evict: called, once and from any thread, when another publisher takes the name over because this one was silent for
    ///     too long (before that other one is told that it may publish), or when the stream is ended: close the connection.
    /// - Throws: `PublishRefusal`.
    func open(_ request: PublishRequest, evict: @escaping @Sendable (Eviction) -> Void) async throws -> any Publication
}
