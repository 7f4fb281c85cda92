package import NIOCore
package import SluiceWire

/// What one RTMP port gives its peers.
package struct RTMPLimits: Sendable {
    /// Connections at once. A silent one costs a few kilobytes and lasts as long as the handshake may.
    package var mostConnections = 2000
    /// Connections of one address. A proxy or a network behind one address can be many people; even so half of the port is left
    /// for everybody else.
    package var mostPerAddress = 1000
    /// From the first byte's chance to the end of the handshake, however slowly it trickles in.
    package var handshakeTimeout = TimeAmount.seconds(10)
    /// From the handshake to an accepted publish or play.
    package var idleTimeout = TimeAmount.seconds(15)
    /// A publisher that has sent not a byte for this long is let go; its name has been free for the taking much sooner.
    package var publisherSilence = TimeAmount.seconds(60)
    /// From a publisher's or viewer's goodbye to its closing the connection.
    package var farewellTimeout = TimeAmount.seconds(2)
    /// A viewer whose socket has taken nothing for this long is let go.
    package var viewerStall = TimeAmount.seconds(10)
    /// Unsent bytes at which a viewer begins to lose pictures (about 2 s of a 6 Mbit/s source), and at which it goes on.
    package var viewerBacklog = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1536 << 10)
    /// Unsent bytes at which a viewer is let go: the backlog and one message of the largest size fit twice. Pictures stop
    /// long before; headers, which are never left out, may get here.
    package var viewerMostUnsent = 16 << 20
    package var reader = RTMPChunkReader.Limits()

    package init() {}
}
