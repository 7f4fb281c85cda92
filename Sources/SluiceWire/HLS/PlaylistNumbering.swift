/// Where the numbers of a stream's playlists begin: with the clock, and they grow faster than a stream can use them up. So a playlist that
/// begins anew after a restart goes on above where it was, and no name comes twice.
package struct PlaylistNumbering: Hashable, Sendable {
    package var segment: Int64 = 0
    package var part: Int64 = 0
    package var discontinuity: Int64 = 0
    /// Added to a segment's sequence in the name of its file.
    package var nameOffset: Int64 = 0
    /// The first sequence that the source listed, from which a rendition that comes later counts; `nil` for those that were there then.
    package var firstSequence: Int64?

    /// From nought.
    package init() {}

    /// - Parameters:
    ///   - wallClock: nanoseconds since 1970.
    ///   - isNamedByPublisher: pushed segments keep the names they came with, which their pusher goes on with after a restart.
    package init(wallClock: Int64, isNamedByPublisher: Bool = false) {
        // Segments are longer than 250 ms, parts than 50, and discontinuities rarer than one a second. From 2024 on, for players
        // that count in 32 bits.
        let epoch = max(0, wallClock / 1_000_000 - 1_704_067_200_000)
        segment = epoch / 250
        part = epoch / 50
        discontinuity = epoch / 1000
        nameOffset = isNamedByPublisher ? 0 : segment
    }
}
