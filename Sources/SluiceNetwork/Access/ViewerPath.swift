import HTTPTypes
import SluiceTypes

/// A viewer's request with its token taken out of it.
///
/// Playlists are rendered once for all viewers and name everything relative to themselves. So a token that stands before them in the path,
/// `/t/TOKEN/ll/NAME.m3u8`, is inherited by every playlist, segment, part and hint that a player asks for from there, and no player has to
/// know of it. Who comes with `?token=` is sent there by the first playlist.
struct ViewerPath: Hashable {
    static let prefix = "/t/"

    /// As without a token; with the query, less the token.
    var path: String
    var token: ShownToken?

    /// - Returns: `nil` for a path that begins as one with a token, and goes on as none.
    init?(_ head: HTTPRequest) {
        let whole = head.path ?? "/"
        guard whole.hasPrefix(Self.prefix) else {
            token = ShownToken(head)
            path = token?.place == .query ? ShownToken.withoutQueried(whole) : whole
            return
        }
        let rest = whole.dropFirst(Self.prefix.count)
        guard let slash = rest.firstIndex(of: "/"), let text = URLPath.decode(rest[..<slash]), !text.isEmpty else { return nil }
        token = ShownToken(text, in: .path)
        path = String(rest[slash...])
    }

    /// Where a playlist of this one is asked for so that what it names is asked for with the token.
    var inherited: String? {
        guard let token, token.place == .query, path.prefix(while: { $0 != "?" }).hasSuffix(".m3u8") else { return nil }
        return Self.prefix + Self.escaped(token.text) + path
    }

    /// The stream that a path of ours is about, whichever way it goes.
    static func stream(of path: String) -> StreamID? {
        guard let elements = URLPath.elements(path), elements.count > 1 else { return nil }
        if path.hasPrefix(TrickleEndpoint.orchestratorBase) { return elements.count > 2 ? StreamID(elements[2]) : nil }
        return StreamID(elements.count == 2 ? URLPath.name(elements[1], extension: "m3u8") ?? "" : elements[1])
    }

    /// Where a stream is, whatever of it is asked for: the same for a viewer's whole stay.
    static func place(of stream: StreamID, asked path: String) -> String {
        if path.hasPrefix(TrickleEndpoint.orchestratorBase) { return "\(TrickleEndpoint.orchestratorBase)\(stream)" }
        return "\(path.hasPrefix(LowLatencyPath.prefix) ? LowLatencyPath.prefix : DeliveryEndpoint.prefix)\(stream).m3u8"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                escaped.unicodeScalars.append(UnicodeScalar(byte))
            default: escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}
