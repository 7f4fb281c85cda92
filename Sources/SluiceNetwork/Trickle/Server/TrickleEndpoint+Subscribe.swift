import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

extension TrickleEndpoint {
    /// `GET {channel}/{seq}`: waits for the first byte, and then passes on what comes until the segment ends.
    func subscribe(_ name: String, _ index: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard let index = TrickleIndex(index) else { return try await refuse(.badRequest, Self.badIndex, writer) }
        let found = table.find(name, for: .read)
        switch found {
        case .channel(let relay), .closed(let relay):
            switch relay.subscribe(to: index) {
            case .reader(let reader, let segment, let latest):
                defer { relay.leave(reader) }
                try await answer(reader, of: segment, latest: latest, on: relay, request, writer)
            case .notFound(let sequence, let latest):
                try await miss(HTTPResponse.Status(code: 470, reasonPhrase: "status code 470"), sequence, latest, writer)
            case .closed(let sequence, let latest):
                if case .closed = found { return try await refuse(.notFound, Self.noChannel, writer) }
                try await miss(.ok, sequence, latest, writer, headers: [.trickleClosed: "terminated"])
            case .full(let limit):
                table.metrics.refused.increment()
                try await refuse(.tooManyRequests, "the channel has \(limit) readers, its limit", writer)
            }
        case .forbidden: try await forbid(.read, writer)
        case .unknown: try await refuse(.notFound, Self.noChannel, writer)
        }
    }

    private func miss(
        _ status: HTTPResponse.Status, _ sequence: Int64, _ latest: Int64, _ writer: HTTPResponseWriter, headers: HTTPFields = [:]
    ) async throws {
        var headers = headers
        headers[.trickleSequence] = "\(sequence)"
        headers[.trickleLatest] = "\(latest)"
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.cacheControl] = "no-store"
        try await writer.send(status, headers: headers, body: ByteBuffer(string: "Entry not found"))
    }

    private func answer(
        _ reader: TrickleReaderID, of segment: TrickleSegmentID, latest: Int64?, on relay: TrickleRelay, _ request: HTTPServerRequest,
        _ writer: HTTPResponseWriter
    ) async throws {
        var headers: HTTPFields = [.trickleSequence: "\(segment.sequence)"]
        if let latest { headers[.trickleLatest] = "\(latest)" }
        if !relay.contentType.isEmpty { headers[.contentType] = relay.contentType }
        let style = TrickleAnswerHandler.Style(
            headers: headers, isHead: request.head.method == .head,
            dropsOnCut: request.head.headerFields[.trickleOnCut]?.lowercased() == "drop",
            knownTag: request.head.headerFields[.ifNoneMatch], caching: caching(table.settings.limits.keepTime))
        try await writer.lend { channel in
            let done = channel.eventLoop.makePromise(of: Void.self)
            channel.eventLoop.execute {
                let handler = TrickleAnswerHandler(
                    reader: reader, of: segment, on: relay, style: style, cuts: table.metrics.cut, done: done)
                do { try channel.pipeline.syncOperations.addHandler(handler) } catch { done.fail(error) }
            }
            return done.futureResult
        }
    }

    /// A number can come again when a publisher begins anew, so an answer is good for no longer than the segment is kept.
    private func caching(_ keepTime: Duration) -> String { "\(isPrivate() ? "private, " : "")max-age=\(keepTime.components.seconds)" }
}
