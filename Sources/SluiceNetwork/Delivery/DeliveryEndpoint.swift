import HTTPTypes
import NIOCore
package import SluiceTypes

/// Playlists and segments for viewers: `/stream/{id}.m3u8`, `/stream/{id}/{rendition}.m3u8`,
/// `/stream/{id}/{rendition}/{number}.ts|.mp4` (specs/gateway-surface §7).
package struct DeliveryEndpoint: HTTPResponder {
    static let prefix = "/stream/"
    /// A live playlist changes with every segment: a cache may share it among viewers for a second, not longer.
    private static let playlistCaching = "max-age=1"
    /// A segment never changes, but its name may come again when the gateway restarts: minutes, not days.
    private static let segmentCaching = "public, max-age=300"

    private let source: any DeliverySource
    private let door: ViewerDoor?

    /// - Parameter door: without one everybody may see everything.
    package init(source: any DeliverySource, door: ViewerDoor? = nil) {
        self.source = source
        self.door = door
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard let door else { return try await serve(request, writer) }
        switch await door.letIn(request) {
        case .admitted(let admitted): try await serve(admitted, writer)
        case .answered(let status, let headers, let text): try await refuse(status, text, writer, headers)
        }
    }

    private func serve(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        switch request.head.method {
        case .get, .head: break
        case .options:
            return try await writer.send(.noContent, headers: own(Self.crossOrigin))
        default:
            var headers = Self.crossOrigin
            headers[.allow] = "GET, HEAD, OPTIONS"
            return try await writer.send(.methodNotAllowed, headers: headers, body: ByteBuffer(string: "only GET and HEAD\n"))
        }
        guard let wanted = DeliveryPath(request.head.path ?? "") else {
            return try await refuse(.notFound, "no such path; try /stream/{stream}.m3u8", writer)
        }
        switch wanted {
        case .multivariant(let stream):
            try await playlist(source.multivariantPlaylist(of: stream), "stream \(stream)", writer)
        case .media(let stream, let rendition):
            try await playlist(source.mediaPlaylist(of: stream, rendition: rendition), "\(stream)/\(rendition)", writer)
        case .segment(let stream, let rendition, let number, let container):
            let name = "segment \(number) of \(stream)/\(rendition)"
            switch source.segment(of: stream, rendition: rendition, number: number, container: container) {
            case .found(let bytes): try await segment(bytes, container, request, writer)
            case .gone: try await refuse(.gone, "\(name) has left the window", writer)
            case .unknown: try await refuse(.notFound, "\(name) is not here", writer)
            }
        }
    }

    private func playlist(_ delivery: Delivery<ByteBuffer>, _ name: String, _ writer: HTTPResponseWriter) async throws {
        switch delivery {
        case .found(let text):
            var headers = Self.crossOrigin
            headers[.contentType] = "application/vnd.apple.mpegurl"
            headers[.cacheControl] = Self.playlistCaching
            try await writer.send(.ok, headers: own(headers), body: text)
        case .gone: try await refuse(.gone, "\(name) is over", writer)
        case .unknown: try await refuse(.notFound, "\(name) is not here", writer)
        }
    }

    private func segment(
        _ bytes: ByteBuffer, _ container: SegmentContainer, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter
    ) async throws {
        var headers = Self.crossOrigin
        headers[.contentType] = container.contentType
        headers[.cacheControl] = Self.segmentCaching
        headers[.acceptRanges] = "bytes"
        let size = bytes.readableBytes
        // A range is for GET alone, and as no entity tag is given out, a conditional one cannot match (RFC 9110 §13.1.5, §14.2).
        let isRanged = request.head.method == .get && request.head.headerFields[.ifRange] == nil
        switch ByteRange(isRanged ? request.head.headerFields[.range] : nil, size: size) {
        case .whole:
            try await writer.send(.ok, headers: own(headers), body: bytes)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            let part = bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count)
            try await writer.send(.partialContent, headers: own(headers), body: part)
        case .outside:
            headers[.contentRange] = "bytes */\(size)"
            try await writer.send(.rangeNotSatisfiable, headers: headers)
        }
    }

    private func own(_ headers: HTTPFields) -> HTTPFields { door?.isOpen ?? true ? headers : ViewerDoor.keepPrivate(headers) }

    private func refuse(
        _ status: HTTPResponse.Status, _ text: String, _ writer: HTTPResponseWriter, _ more: HTTPFields = [:]
    ) async throws {
        var headers = Self.crossOrigin
        for field in more { headers.append(field) }
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.cacheControl] = "no-store"
        try await writer.send(status, headers: own(headers), body: ByteBuffer(string: text + "\n"))
    }

    private static let crossOrigin: HTTPFields = [
        .accessControlAllowOrigin: "*", .accessControlAllowMethods: "GET, HEAD, OPTIONS", .accessControlAllowHeaders: "Range",
        .accessControlExposeHeaders: "Content-Length, Content-Range",
    ]
}
