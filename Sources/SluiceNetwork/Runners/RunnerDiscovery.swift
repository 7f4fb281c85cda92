import HTTPTypes
import Logging
import NIOCore
import SluiceTypes
import SluiceWire

/// Learns what runners one orchestrator has: by its feed where it has one, else by asking again and again.
struct RunnerDiscovery: Sendable {
    /// Without a feed: as the reference's own health checks, a runner's news are no older than this.
    private static let pollInterval: Duration = .seconds(5)
    /// After a failure; doubles up to the interval.
    private static let firstPause: Duration = .milliseconds(250)
    /// A feed that says nothing for so long, or for up to twice that, is dead: it keeps itself alive every 10 s.
    private static let silence: Duration = .seconds(25)

    let orchestrator: OrchestratorID
    let connection: HTTPClientConnection
    let directory: any AppDirectory
    let logger: Logger

    /// Until the task is cancelled.
    func run() async {
        var pause = Self.firstPause
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                if try await !follow() {
                    try await poll()
                    pause = Self.pollInterval
                }
            } catch is CancellationError {
                return
            } catch {
                // Who does not answer has nothing for us; those who are there already go on with what they have.
                directory.update([], of: orchestrator)
                if began.duration(to: .now) > Self.pollInterval { pause = Self.firstPause }
                logger.debug("no runners learned", metadata: ["orchestrator": "\(orchestrator)", "error": "\(error)"])
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, Self.pollInterval)
        }
    }

    private func request(_ path: String) -> HTTPRequest {
        HTTPRequest(
            method: .get, scheme: connection.authority.isSecure ? "https" : "http", authority: connection.authority.name, path: path)
    }

    /// - Returns: `false` when it has no feed.
    private func follow() async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool?.self) { group in
            let (signs, sign) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            group.addTask {
                try await connection.exchange(request("/discovery/feed")) { head, body in
                    guard head.status == .ok, head.headerFields[.contentType]?.hasPrefix("text/event-stream") == true else { return false }
                    var events = EventLines(longest: DiscoveryForm.longest)
                    while let piece = try await body.next() {
                        sign.yield()
                        for data in try events.take(piece) { try take(data.utf8) }
                    }
                    throw HTTPClientError.closedEarly(connection.authority)
                }
            }
            group.addTask {
                // A feed whose peer is gone without a word: nothing comes, and nothing ends.
                var isQuiet = false
                for await stirred in EventTicks.of(signs, every: Self.silence) {
                    if isQuiet, !stirred { break }
                    isQuiet = !stirred
                }
                try Task.checkCancellation()
                throw HTTPFetcher.TooSlow(address: "\(connection.authority)/discovery/feed", limit: Self.silence)
            }
            defer { group.cancelAll() }
            return try await group.next().flatMap(\.self) ?? false
        }
    }

    private func poll() async throws {
        let (status, body) = try await connection.exchange(request("/discovery")) { head, body in
            (head.status, try await body.collect(upTo: DiscoveryForm.longest))
        }
        // An orchestrator without runners has none of this.
        guard status == .ok else { return directory.update([], of: orchestrator) }
        try take(body.readableBytesView)
    }

    private func take(_ bytes: some Sequence<UInt8>) throws {
        let (runners, leftOut) = try DiscoveryForm.runners(try JSONTree(parsing: bytes), of: orchestrator)
        directory.update(runners, of: orchestrator)
        if leftOut > 0 {
            logger.warning("runners that make no sense are left out", metadata: ["orchestrator": "\(orchestrator)", "count": "\(leftOut)"])
        }
    }
}

/// The data of server-sent events (WHATWG HTML §9.2.6), as far as ours use them: one line of data to an event.
struct EventLines {
    private var held = ByteBuffer()
    private let longest: Int

    /// - Parameter longest: bytes of a line.
    init(longest: Int) { self.longest = longest }

    mutating func take(_ piece: ByteBuffer) throws -> [String] {
        held.writeImmutableBuffer(piece)
        var found: [String] = []
        while let end = held.readableBytesView.firstIndex(of: 10) {
            let line = held.readString(length: end - held.readerIndex) ?? ""
            held.moveReaderIndex(forwardBy: 1)
            if line.hasPrefix("data:") { found.append(String(line.dropFirst(line.hasPrefix("data: ") ? 6 : 5))) }
        }
        guard held.readableBytes <= longest else { throw HTTPBodyTooLarge(limit: longest) }
        held.discardReadBytes()
        return found
    }
}
