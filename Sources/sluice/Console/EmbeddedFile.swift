import CConsole
import HTTPTypes
import NIOCore
import SluiceNetwork

/// A file of our pages, as it lies in the binary.
struct EmbeddedFile: Sendable {
    private var contentType: String
    private var bytes: ByteBuffer
    private var tag: EntityTag

    private static let all: [String: Self] = Dictionary(
        (0..<sluice_console_file_count).compactMap { index in
            guard let file = sluice_console_file_at(index)?.pointee, let name = file.name, let type = file.content_type else { return nil }
            let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.length))
            return (
                String(cString: name), Self(contentType: String(cString: type), bytes: ByteBuffer(bytes: bytes), tag: EntityTag(of: bytes))
            )
        }, uniquingKeysWith: { first, _ in first })

    static subscript(_ name: String) -> Self? { all[name] }

    /// Bytes of all of them.
    static var sizeOfAll: Int { all.values.reduce(0) { $0 + $1.bytes.readableBytes } }

    /// Nothing but our own files and API: what a stream's name or an orchestrator's text may contain cannot become a script.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .contentType

    /// - Parameter isForEveryone: whether other people's pages may show it in theirs, and use its script.
    func send(_ request: HTTPServerRequest, isForEveryone: Bool = false, with writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get || request.head.method == .head else {
            return try await writer.send(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        var headers: HTTPFields = [
            .contentType: contentType, .cacheControl: "no-cache", .eTag: tag.text,
            .contentSecurityPolicy: Self.policy + (isForEveryone ? "*" : "'none'"), .xContentTypeOptions: "nosniff",
        ]
        headers[Self.referrerPolicy] = "no-referrer"
        if isForEveryone { headers[.accessControlAllowOrigin] = "*" }
        if request.head.headerFields[.ifNoneMatch] == tag.text {
            try await writer.send(.notModified, headers: headers)
        } else {
            try await writer.send(.ok, headers: headers, body: bytes)
        }
    }
}
