package import NIOCore
import NIOPosix
package import SluiceWire

/// A connection that publishes or plays one stream.
package final class RTMPClient: Sendable {
    package struct Failed: Error, CustomStringConvertible {
        package let address: RTMPClientAddress
        package let reason: String
        package var description: String { "\(address): \(reason)" }
    }

    private static let dialTime = TimeAmount.seconds(5)
    /// What a publisher may have unsent before it leaves frames out: a quarter second of 8 Mb/s.
    private static let highWater = 256 << 10

    private let address: RTMPClientAddress
    private let channel: any Channel
    private let handler: NIOLoopBound<RTMPClientHandler>

    private init(_ address: RTMPClientAddress, _ channel: any Channel, _ handler: RTMPClientHandler) {
        self.address = address
        self.channel = channel
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    /// Connects and waits until the server lets us in.
    ///
    /// - Parameter onMedia: what a played stream brings, and when it was read, in nanoseconds since 1970; called on an event loop.
    package static func open(
        _ purpose: RTMPClientSession.Purpose, _ address: RTMPClientAddress, group: any EventLoopGroup,
        onMedia: @escaping @Sendable (RTMPMessage, Int64) -> Void = { _, _ in }
    ) async throws -> RTMPClient {
        let session = RTMPClientSession(purpose, address: address.base, app: address.app, name: address.name)
        do {
            let bootstrap = ClientBootstrap(group: group).connectTimeout(dialTime)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.writeBufferWaterMark, value: .init(low: highWater / 2, high: highWater))
            let (client, accepted) = try await bootstrap.connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let accepted = channel.eventLoop.makePromise(of: Void.self)
                    let handler = RTMPClientHandler(session, accepted: accepted, dialTime: dialTime, onMedia: onMedia)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return (RTMPClient(address, channel, handler), accepted.futureResult)
                }
            }
            try await accepted.get()
            return client
        } catch {
            throw Failed(address: address, reason: connectFault(error))
        }
    }

    /// Sends what a publisher has. Frames that a slow server does not take are left out up to the next key frame.
    ///
    /// - Parameters:
    ///   - delay: from now.
    ///   - make: called on the connection's event loop just before it is sent.
    package func publish(after delay: TimeAmount = .zero, isKey: Bool, _ make: @escaping @Sendable () -> [RTMPMessage]) {
        let work: @Sendable () -> Void = { [handler] in handler.value.publish(isKey: isKey, make) }
        if delay > .zero { channel.eventLoop.scheduleTask(in: delay, work) } else { channel.eventLoop.execute(work) }
    }

    /// What goes before the first frame.
    package func publish(headers: [RTMPMessage]) {
        channel.eventLoop.execute { [handler] in handler.value.publish(headers: headers) }
    }

    /// Frames left out so far.
    package func leftOut() async throws -> Int {
        try await channel.eventLoop.submit { [handler] in handler.value.leftOut }.get()
    }

    package var isOpen: Bool { channel.isActive }

    /// Returns when the connection is over, for whatever reason; says which when it was not ours.
    package func closed() async -> String? {
        try? await channel.closeFuture.get()
        return try? await channel.eventLoop.submit { [handler] in handler.value.reason }.get()
    }

    /// Says goodbye and closes.
    package func close() {
        channel.eventLoop.execute { [handler, channel] in
            handler.value.finish()
            channel.close(promise: nil)
        }
    }
}
