package import SluiceRouting
package import SluiceTypes

/// How a gateway treats its streams. Checked where it is read from a file; in here everything is in range.
package struct GatewaySettings: Sendable {
    package var segmentTarget: Duration = .seconds(2)
    package var profiles: [TranscodeProfile] = []
    package var maxStreams = 500
    /// Segments listed in a live playlist of MPEG-TS; 0 for no such playlists, which saves their memory.
    package var playlistWindow = 6
    /// Segments kept in memory after they have left the playlist, for players that are a little late.
    package var playlistGrace = 1
    /// How long `wait` waits for a missing rendition after everything was tried.
    package var onMissWait: Duration = .seconds(2)
    package var routing = RoutingSettings()
    /// Segments of one stream sent out and not yet answered.
    package var maxInFlight = 4
    /// Segments of one stream cut and not yet sent out; past it they count as missing, so memory stays bounded.
    package var maxWaiting = 8
    /// A pushed stream without a segment for this long has ended.
    package var pushIdle: Duration = .seconds(60)
    /// How long a pushed segment waits for the ones before it, as pushers send several at once; 0 for not at all.
    package var pushReorder: Duration = .milliseconds(500)
    /// A publisher silent for this long loses its name to the next who asks.
    package var takeoverAfter: Duration = .seconds(5)
    /// How long the playlists of an ended stream stay.
    package var linger: Duration = .seconds(60)
    /// How long a stream whose publisher vanished goes on without one; 0 ends it at once.
    package var publisherHold: Duration = .seconds(30)
    package var absencePicture = AbsencePicture.still
    package var lowLatency = LowLatencySettings()
    /// Whether segments go to orchestrators that take them so while they are still being cut.
    package var streamsSegments = true

    package init() {}
}
