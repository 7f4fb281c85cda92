/// Sends a stream's packets on to a server elsewhere, and again after each loss of the connection.
package protocol PacketPush: Sendable {
    /// Call once, on the thread that will feed it. Never waits: what the other side does not take in time is left out.
    func makeSink() -> any PacketSink

    /// Connects, and holds the connection, until the task is cancelled or the sink was finished.
    func run() async

    var status: LiveVideoStatus.Push { get }
}

/// Makes pushes to URLs.
package protocol PacketPushing: Sendable {
    /// - Throws: why the URL is none that can be pushed to.
    func push(to url: String) throws -> any PacketPush
}
