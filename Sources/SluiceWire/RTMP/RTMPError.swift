/// What a peer did that RTMP does not allow. The connection ends; the text is for the log and, where possible, the peer.
package struct RTMPError: Error, Hashable, Sendable, CustomStringConvertible {
    package var what: String
    package init(_ what: String) { self.what = what }
    package var description: String { "RTMP: \(what)" }
}
