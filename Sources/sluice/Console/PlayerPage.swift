import SluiceNetwork

/// The page for viewers, on the media port: `/play/NAME` shows the stream NAME about a second behind live, in a browser that knows Media
/// Source Extensions. Its script may be used by other pages as well (`/player/player.js`).
struct PlayerPage: Sendable {
    private static let page = "/play/"
    private static let scripts = "/player/"
    private static let files: Set<String> = ["play.js", "player.js", "playlist.js", "icon.svg"]

    /// - Returns: `false` when the path is none of this page's.
    func answer(_ request: HTTPServerRequest, path: String, with writer: HTTPResponseWriter) async throws -> Bool {
        let file: EmbeddedFile?
        if path.hasPrefix(Self.page) {
            let name = path.dropFirst(Self.page.count)
            file = name.isEmpty || name.contains("/") ? nil : EmbeddedFile["play.html"]
        } else if path.hasPrefix(Self.scripts), Self.files.contains(String(path.dropFirst(Self.scripts.count))) {
            file = EmbeddedFile[String(path.dropFirst(Self.scripts.count))]
        } else {
            file = nil
        }
        guard let file else { return false }
        try await file.send(request, isForEveryone: true, with: writer)
        return true
    }
}
