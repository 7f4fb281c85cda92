import SluiceTypes
import SluiceWire

/// What a path below `/ll/` asks for; `nil` for everything that is none of the forms.
///
///     /ll/{stream}.m3u8                           which renditions there are
///     /ll/{stream}/{rendition}.m3u8               its playlist
///     /ll/{stream}/{rendition}/init-{n}.mp4       what goes before its segments
///     /ll/{stream}/{rendition}/segment-{n}.m4s
///     /ll/{stream}/{rendition}/part-{n}.m4s       counted over all segments
struct LowLatencyPath {
    static let prefix = "/ll/"

    let stream: StreamID
    let request: LowLatencyRequest

    /// - Throws: when the query is none.
    init?(_ path: String) throws(PlaylistReload.Malformed) {
        guard let elements = URLPath.elements(path), elements.first == "ll" else { return nil }
        switch elements.count {
        case 2:
            guard let name = URLPath.name(elements[1], extension: "m3u8"), let stream = StreamID(name) else { return nil }
            self.stream = stream
            request = .multivariant
        case 3:
            guard let stream = StreamID(elements[1]), let name = URLPath.name(elements[2], extension: "m3u8") else { return nil }
            self.stream = stream
            let query = path.firstIndex(of: "?").map { path[path.index(after: $0)...].prefix { $0 != "#" } } ?? ""
            request = .playlist(rendition: name, try PlaylistReload(query: query))
        case 4:
            guard let stream = StreamID(elements[1]), let media = Self.media(elements[3], of: elements[2]) else { return nil }
            self.stream = stream
            request = media
        default: return nil
        }
    }

    private static func media(_ name: String, of rendition: String) -> LowLatencyRequest? {
        func number(_ prefix: String, _ suffix: String) -> Int64? {
            guard name.hasPrefix(prefix), name.hasSuffix(suffix), name.utf8.count > prefix.utf8.count + suffix.utf8.count else {
                return nil
            }
            return URLPath.number(name.dropFirst(prefix.count).dropLast(suffix.count))
        }
        if let number = number("part-", ".m4s") { return .part(rendition: rendition, number) }
        if let number = number("segment-", ".m4s") { return .segment(rendition: rendition, number) }
        if let number = number("init-", ".mp4") { return .initialization(rendition: rendition, number) }
        return nil
    }
}
