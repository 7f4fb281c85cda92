package import SluiceTypes

/// `/stream/<session>/<rendition name>/<file>` (specs/transcoding-protocol §3.7).
package struct RenditionPath: Hashable, Sendable {
    package let session: SessionID
    package let name: String
    package let file: String

    package init(session: SessionID, profile: TranscodeProfile, sequence: SegmentSequence) {
        self.session = session
        self.name = profile.name
        self.file = "\(sequence).\(profile.container.rawValue)"
    }

    /// - Returns: `nil` for any other shape.
    package init?(_ path: some StringProtocol) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "stream" else { return nil }
        self.session = SessionID(String(parts[2]))
        self.name = String(parts[3])
        self.file = String(parts[4])
    }

    package var text: String { "/stream/\(session)/\(name)/\(file)" }

    var contentType: String {
        file.hasSuffix(".mp4") ? SegmentContainer.mp4.contentType : SegmentContainer.mpegTS.contentType
    }
}
