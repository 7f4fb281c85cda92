import CConsole
import HTTPTypes
import NIOCore
import SluiceNetwork

/// The console: a page of a few files that are inside the binary. It has nothing to hide; what it shows comes from the admin API.
struct ConsolePage: Sendable {
    private struct File {
        var contentType: String
        var bytes: ByteBuffer
        var tag: EntityTag
    }

    static let path = "/console"

    private static let files: [String: File] = Dictionary(
        (0..<sluice_console_file_count).compactMap { index in
            guard let file = sluice_console_file_at(index)?.pointee, let name = file.name, let type = file.content_type else { return nil }
            let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.length))
            return (
                String(cString: name), File(contentType: String(cString: type), bytes: ByteBuffer(bytes: bytes), tag: EntityTag(of: bytes))
            )
        }, uniquingKeysWith: { first, _ in first })

    /// Bytes of all its files.
    static var size: Int { files.values.reduce(0) { $0 + $1.bytes.readableBytes } }

    /// Nothing but our own files and API: what a stream's name or an orchestrator's text may contain cannot become a script.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// - Returns: `false` when the path is none of the console's.
    func answer(_ request: HTTPServerRequest, path: String, with writer: HTTPResponseWriter) async throws -> Bool {
        if path == "/" || path == Self.path {
            // The page names its files beside it.
            try await writer.send(.found, headers: [.location: "\(Self.path)/"])
            return true
        }
        guard path.hasPrefix("\(Self.path)/") else { return false }
        let name = String(path.dropFirst(Self.path.count + 1))
        guard let file = Self.files[name.isEmpty ? "index.html" : name] else { return false }
        guard request.head.method == .get || request.head.method == .head else {
            try await writer.send(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
            return true
        }
        var headers: HTTPFields = [
            .contentType: file.contentType, .cacheControl: "no-cache", .eTag: file.tag.text, .contentSecurityPolicy: Self.policy,
            .xContentTypeOptions: "nosniff",
        ]
        headers[Self.referrerPolicy] = "no-referrer"
        if request.head.headerFields[.ifNoneMatch] == file.tag.text {
            try await writer.send(.notModified, headers: headers)
        } else {
            try await writer.send(.ok, headers: headers, body: file.bytes)
        }
        return true
    }

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .contentType
}
