package import SluiceTypes
package import SluiceWire

/// What viewers can see of a stream, and how many bytes that took since it was opened.
package struct StreamListing: Sendable {
    package struct Variant: Sendable {
        package var name: String
        package var width: Int?
        package var height: Int?
        package var frameRate: Double?
        package var published: Int
        package var gaps: Int
        /// What its playlist lists.
        package var window: PlaylistWindow

        package var entries: [PlaylistEntry] { window.entries }
    }

    package var id: StreamID
    package var sourceBytes: Int
    package var renditionBytes: Int
    /// The source first.
    package var variants: [Variant]
}

/// One stream as an operator lists it.
package struct StreamSummary: Sendable {
    package var listing: StreamListing
    /// `nil` once its publisher has gone.
    package var origin: PublishRequest.Origin?
    package var isLive: Bool
    package var newest: SegmentStatus?
}
