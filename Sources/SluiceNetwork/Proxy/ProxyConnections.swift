import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Connections to other servers, kept for a while after use, each on the event loop of who uses it: an exchange changes no thread.
package final class ProxyConnections: Sendable {
    package struct Settings: Sendable {
        package var dialTime: Duration = .seconds(2)
        /// Shorter than what servers keep theirs open (the shortest common one is 5 s), so that few are closed under a request.
        package var idleTime: Duration = .seconds(3)
        /// For each authority and event loop.
        package var mostIdle = 64
        /// By the certificates that this machine trusts.
        package var verifiesCertificates = false

        package init() {}
    }

    private struct Key: Hashable {
        var loop: ObjectIdentifier
        var authority: HTTPAuthority
    }

    private struct Idle {
        let upstream: NIOLoopBound<ProxyUpstream>
        let since: NIODeadline
    }

    private struct State {
        var idle: [Key: [Idle]] = [:]
        /// Those for which somebody looks already whether they are too old.
        var watched: Set<Key> = []
    }

    let settings: Settings
    private let tls: NIOSSLContext
    private let state = Mutex(State())

    package init(settings: Settings = .init()) throws {
        self.settings = settings
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = settings.verifiesCertificates ? .fullVerification : .none
        // One exchange at a time: a WebSocket takes a whole connection, and a slow answer holds up no other.
        configuration.applicationProtocols = ["http/1.1"]
        tls = try NIOSSLContext(configuration: configuration)
    }

    /// - Parameter fresh: not one that was used before.
    func take(_ authority: HTTPAuthority, fresh: Bool = false, on loop: any EventLoop) -> EventLoopFuture<NIOLoopBound<ProxyUpstream>> {
        let key = Key(loop: ObjectIdentifier(loop), authority: authority)
        while !fresh, let kept = state.withLock({ $0.idle[key]?.popLast() }) {
            let upstream = kept.upstream.value
            guard upstream.isActive else { continue }
            guard NIODeadline.now() - kept.since < TimeAmount(settings.idleTime) else {
                upstream.close()
                continue
            }
            return loop.makeSucceededFuture(kept.upstream)
        }
        return dial(authority, on: loop)
    }

    func giveBack(_ upstream: ProxyUpstream, on loop: any EventLoop) {
        let key = Key(loop: ObjectIdentifier(loop), authority: upstream.authority)
        upstream.rest()
        let kept = Idle(upstream: NIOLoopBound(upstream, eventLoop: loop), since: .now())
        let (surplus, isFirst) = state.withLock { state in
            var list = state.idle[key] ?? []
            let surplus = list.count >= settings.mostIdle ? list.removeFirst() : nil
            list.append(kept)
            state.idle[key] = list
            return (surplus, state.watched.insert(key).inserted)
        }
        surplus?.upstream.value.close()
        if isFirst { watch(key, on: loop) }
    }

    /// Closes what has been idle for too long, for as long as there is something.
    private func watch(_ key: Key, on loop: any EventLoop) {
        let limit = TimeAmount(settings.idleTime)
        loop.scheduleTask(in: limit) {
            let now = NIODeadline.now()
            let (old, isEmpty) = self.state.withLock { state -> ([Idle], Bool) in
                let list = state.idle[key] ?? []
                let young = list.filter { now - $0.since < limit }
                state.idle[key] = young.isEmpty ? nil : young
                if young.isEmpty { state.watched.remove(key) }
                return (list.filter { now - $0.since >= limit }, young.isEmpty)
            }
            for one in old { one.upstream.value.close() }
            if !isEmpty { self.watch(key, on: loop) }
        }
    }

    private func dial(_ authority: HTTPAuthority, on loop: any EventLoop) -> EventLoopFuture<NIOLoopBound<ProxyUpstream>> {
        let made = loop.makePromise(of: NIOLoopBound<ProxyUpstream>.self)
        ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(settings.dialTime))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if authority.isSecure {
                        let name = (try? SocketAddress(ipAddress: authority.host, port: authority.port)) == nil ? authority.host : nil
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                        try pipeline.addHandler(HandshakeDeadline(TimeAmount(self.settings.dialTime)))
                    }
                    let encoder = HTTPRequestEncoder()
                    let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
                    try pipeline.addHandler(encoder)
                    try pipeline.addHandler(decoder)
                    try pipeline.addHandler(ProxyUpstream(authority, stripped: [encoder, decoder]))
                }
            }
            .connect(host: authority.host, port: authority.port)
            .whenComplete { result in
                made.completeWith(
                    result.flatMap { channel in
                        Result { NIOLoopBound(try channel.pipeline.syncOperations.handler(type: ProxyUpstream.self), eventLoop: loop) }
                    })
            }
        return made.futureResult
    }
}
