package import HTTPTypes
package import NIOCore
package import SluiceTypes
import SluiceWire
import Synchronization

/// Low-latency playlists, parts and segments for viewers, below `/ll/` (see `LowLatencyPath`).
///
/// Requests are answered on the event loop of their connection. One that comes before its answer waits there, and all who wait for
/// the same get the same bytes.
package final class LowLatencyEndpoint: HTTPDirectResponder {
    /// Names of segments and parts never come twice, not even after a restart.
    private static let mediaCaching = "public, max-age=86400, immutable"
    /// It may be there in a moment.
    private static let missCaching = "public, max-age=1"
    private static let crossOrigin: HTTPFields = [
        .accessControlAllowOrigin: "*", .accessControlAllowMethods: "GET, HEAD, OPTIONS", .accessControlAllowHeaders: "Range",
        .accessControlExposeHeaders: "Content-Length, Content-Range",
    ]

    private let source: any LowLatencySource
    private let rooms = Mutex<[ObjectIdentifier: LowLatencyRoom]>([:])

    private let door: ViewerDoor?

    /// - Parameter door: without one everybody may see everything.
    package init(source: any LowLatencySource, door: ViewerDoor? = nil) {
        self.source = source
        self.door = door
    }

    package func takes(_ request: HTTPRequest) -> Bool {
        door == nil ? request.path?.hasPrefix(LowLatencyPath.prefix) ?? false : ViewerDoor.leads(request.path, to: LowLatencyPath.prefix)
    }

    package func respond(
        to request: HTTPRequest, from remoteAddress: String, on loop: any EventLoop, completion: @escaping (HTTPDirectAnswer) -> Void
    ) -> (() -> Void)? {
        guard let door else { return serve(request, on: loop, completion: completion) }
        switch door.enter(request, from: remoteAddress) {
        case .asks(let asked, let path): return LowLatencyQuestion(self, door, loop, completion).ask(asked, path, request)
        case let entry: return take(entry, on: loop, completion: completion)
        }
    }

    /// Goes on once it is known who may come in.
    func take(
        _ entry: ViewerDoor.Entry, on loop: any EventLoop, completion: @escaping (HTTPDirectAnswer) -> Void
    ) -> (() -> Void)? {
        switch entry {
        case .admitted(let head):
            if door?.isOpen ?? true { return serve(head, on: loop, completion: completion) }
            return serve(head, on: loop) { answer in
                var own = answer
                own.headers = ViewerDoor.keepPrivate(answer.headers)
                completion(own)
            }
        case .answered(let status, let headers, let text): completion(Self.refusal(status, text, caching: "no-store", headers))
        case .asks: preconditionFailure("a verdict that is none")
        }
        return nil
    }

    private func serve(
        _ request: HTTPRequest, on loop: any EventLoop, completion: @escaping (HTTPDirectAnswer) -> Void
    ) -> (() -> Void)? {
        switch request.method {
        case .get, .head: break
        case .options:
            completion(HTTPDirectAnswer(.noContent, headers: Self.crossOrigin))
            return nil
        default:
            completion(Self.refusal(.methodNotAllowed, "only GET and HEAD", caching: "no-store", [.allow: "GET, HEAD, OPTIONS"]))
            return nil
        }
        let wanted: LowLatencyPath
        do throws(PlaylistReload.Malformed) {
            guard let path = try LowLatencyPath(request.path ?? "") else {
                completion(Self.refusal(.notFound, "no such path; try /ll/{stream}.m3u8", caching: Self.missCaching))
                return nil
            }
            wanted = path
        } catch {
            completion(Self.refusal(.badRequest, error.description, caching: "no-store"))
            return nil
        }
        let range = request.method == .get && request.headerFields[.ifRange] == nil ? request.headerFields[.range] : nil
        let source = source
        return room(of: loop).ask(
            acceptsGzip: Self.acceptsGzip(request), { source.lowLatency(wanted.request, of: wanted.stream, waiter: $0) },
            answer: { completion(Self.answer($0, range)) })
    }

    private func room(of loop: any EventLoop) -> LowLatencyRoom {
        rooms.withLock { rooms in
            if let known = rooms[ObjectIdentifier(loop)] { return known }
            let room = LowLatencyRoom(loop: loop)
            rooms[ObjectIdentifier(loop)] = room
            return room
        }
    }

    private static func acceptsGzip(_ request: HTTPRequest) -> Bool {
        guard let accepted = request.headerFields[.acceptEncoding] else { return false }
        return accepted.split(separator: ",").contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return parts.first == "gzip" && !parts.dropFirst().contains { $0 == "q=0" || $0.hasPrefix("q=0.0") }
        }
    }

    private static func answer(_ answer: LowLatencyAnswer, _ range: String?) -> HTTPDirectAnswer {
        switch answer {
        case .found(let content): content.kind == .media ? media(content, range) : playlist(content)
        case .gone: refusal(.gone, "it has left the window", caching: missCaching)
        case .unknown: refusal(.notFound, "it is not here", caching: missCaching)
        case .refused(let reason): refusal(.badRequest, reason, caching: "no-store")
        case .unavailable(let reason): refusal(.serviceUnavailable, reason, caching: "no-store", [.retryAfter: "1"])
        case .waiting: refusal(.internalServerError, "an answer that is none", caching: "no-store")
        }
    }

    private static func playlist(_ content: LowLatencyContent) -> HTTPDirectAnswer {
        var headers = crossOrigin
        headers[.contentType] = "application/vnd.apple.mpegurl"
        headers[.vary] = "Accept-Encoding"
        if content.isCompressed { headers[.contentEncoding] = "gzip" }
        // The answer to a question that names it stays the same; the newest playlist is old after half a target duration.
        let target = content.targetDuration.inSeconds
        let seconds = content.kind == .blockedPlaylist ? Int(target * 6) : max(1, Int(target / 2))
        headers[.cacheControl] = "public, max-age=\(seconds)"
        return HTTPDirectAnswer(.ok, headers: headers, pieces: content.pieces)
    }

    private static func media(_ content: LowLatencyContent, _ range: String?) -> HTTPDirectAnswer {
        var headers = crossOrigin
        headers[.contentType] = "video/mp4"
        headers[.cacheControl] = mediaCaching
        headers[.acceptRanges] = "bytes"
        switch ByteRange(range, size: content.size) {
        case .whole: return HTTPDirectAnswer(.ok, headers: headers, pieces: content.pieces)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(content.size)"
            return HTTPDirectAnswer(.partialContent, headers: headers, pieces: slices(of: content.pieces, range))
        case .outside:
            headers[.contentRange] = "bytes */\(content.size)"
            headers[.cacheControl] = "no-store"
            return HTTPDirectAnswer(.rangeNotSatisfiable, headers: headers)
        }
    }

    private static func slices(of pieces: [ByteBuffer], _ range: Range<Int>) -> [ByteBuffer] {
        var start = 0
        return pieces.compactMap { piece in
            let here = range.clamped(to: start..<start + piece.readableBytes)
            defer { start += piece.readableBytes }
            return here.isEmpty ? nil : piece.getSlice(at: piece.readerIndex + here.lowerBound - start, length: here.count)
        }
    }

    private static func refusal(
        _ status: HTTPResponse.Status, _ text: String, caching: String, _ more: HTTPFields = [:]
    ) -> HTTPDirectAnswer {
        var headers = crossOrigin
        for field in more { headers.append(field) }
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.cacheControl] = caching
        return HTTPDirectAnswer(status, headers: headers, pieces: [ByteBuffer(string: text + "\n")])
    }
}
