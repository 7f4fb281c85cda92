/// A `/segment` request turned away before its 200 (specs/transcoding-protocol §3.3).
package struct SegmentRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package var status: Int
    /// The line of the body, without its newline.
    package var text: String

    package init(status: Int, text: String) {
        self.status = status
        self.text = text
    }

    package var description: String { "\(status) \(text)" }
}
