import HTTPTypes
import SluiceNetwork

/// The console: a page of a few files that are inside the binary. It has nothing to hide; what it shows comes from the admin API.
struct ConsolePage: Sendable {
    static let path = "/console"

    /// - Returns: `false` when the path is none of the console's.
    func answer(_ request: HTTPServerRequest, path: String, with writer: HTTPResponseWriter) async throws -> Bool {
        if path == "/" || path == Self.path {
            // The page names its files beside it.
            try await writer.send(.found, headers: [.location: "\(Self.path)/"])
            return true
        }
        guard path.hasPrefix("\(Self.path)/") else { return false }
        let name = String(path.dropFirst(Self.path.count + 1))
        guard let file = EmbeddedFile[name.isEmpty ? "index.html" : name] else { return false }
        try await file.send(request, with: writer)
        return true
    }
}
