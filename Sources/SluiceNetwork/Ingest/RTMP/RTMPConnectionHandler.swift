import Logging
import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// One RTMP connection on its event loop: from the socket to the sink there is no task and no hop.
final class RTMPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Role {
        case none
        case publisher(any PacketSink, RTMPRelay.Feed)
        case viewer(RTMPRelay)
    }

    private let gate: any PublisherGate
    private let viewers: (any ViewerGate)?
    private let connections: RTMPConnections
    private let relays: RTMPRelayTable
    private let limits: RTMPLimits
    private var logger: Logger
    private var session: RTMPServerSession
    private var packets = FLVPackets()
    private var role = Role.none
    private var asking: Task<Void, Never>?
    private var deadline: Scheduled<Void>?
    /// Whether the publisher has sent anything since its silence was last looked for.
    private var wasHeard = false
    /// The end, or a refusal on its way out: what still comes in is not looked at.
    private var isOver = false

    init(
        gate: any PublisherGate, viewers: (any ViewerGate)?, connections: RTMPConnections, relays: RTMPRelayTable, limits: RTMPLimits,
        logger: Logger
    ) {
        self.gate = gate
        self.viewers = viewers
        self.connections = connections
        self.relays = relays
        self.limits = limits
        self.logger = logger
        self.session = RTMPServerSession(limits: limits.reader)
    }

    func channelActive(context: ChannelHandlerContext) {
        guard connections.admit(context.channel) else { return close(context) }
        logger[metadataKey: "peer"] = "\(context.remoteAddress?.description ?? "unknown")"
        limit(limits.handshakeTimeout, "no handshake", context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        wasHeard = true
        var bytes = unwrapInboundIn(data)
        let wasHandshaken = session.isHandshaken
        advance(context) { session, each in try session.receive(&bytes, each: each) }
        if !wasHandshaken, session.isHandshaken, !isOver, case .none = role {
            limit(limits.idleTimeout, "neither publish nor play", context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("RTMP connection failed", metadata: ["error": "\(error)"])
        close(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .viewer(let relay) = role { relay.writabilityChanged(of: context.channel) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let stuck = event as? RTMPViewers.Stuck {
            giveUp("a viewer \(stuck)", context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func advance(
        _ context: ChannelHandlerContext, _ step: (inout RTMPServerSession, (RTMPServerSession.Event) throws -> Void) throws -> Void
    ) {
        // At most one: the session stops at a publish or play until it is decided, and at the end.
        var asked: RTMPServerSession.Event?
        do {
            try step(&session) { event in
                if case .media(let message) = event {
                    // The hot path: media of a publisher that was let in.
                    if case .publisher(let sink, let feed) = role { try media(message, sink, feed) }
                } else {
                    asked = event
                }
            }
        } catch {
            flush(context)
            return giveUp("\(error)", context)
        }
        flush(context)
        if hasUnreadAnswers(context.channel) { return giveUp("the peer asks and does not read the answers", context) }
        switch asked {
        case .publish(let app, let name): publish(app, name, context)
        case .play(let app, let name): play(app, name, context)
        case .finished:
            end(inOrder: true)
            // The peer closes; one that is cut off while it still says goodbye (GStreamer) would report a failure.
            limit(limits.farewellTimeout, "the stream ended and the peer did not close", context)
        case .media, nil: break
        }
    }

    /// Viewers have a bound for all they do not take; everybody else gets a few hundred bytes and must be able to take them.
    private func hasUnreadAnswers(_ channel: any Channel) -> Bool {
        guard !channel.isWritable else { return false }
        if case .viewer = role { return RTMPViewers.unsent(of: channel) > limits.viewerMostUnsent }
        return true
    }

    private func media(_ message: RTMPMessage, _ sink: any PacketSink, _ feed: RTMPRelay.Feed) throws {
        feed.publish(message)
        switch try packets.consume(message) {
        case .packet(let packet): sink.consume(packet)
        case .video(let parameters): sink.configure(video: parameters)
        case .audio(let parameters): sink.configure(audio: parameters)
        case .unsupported(let text): logger.warning("RTMP track left out", metadata: ["reason": "\(text)"])
        case nil: break
        }
    }

    private func publish(_ app: String, _ name: String, _ context: ChannelHandlerContext) {
        guard let address = RTMPAddress(app: app, name: name) else {
            return refuse(
                "NetStream.Publish.BadName", "'\(Self.shown(app, name))' names no stream; publish to /live/NAME", context)
        }
        // Until the gate has answered the peer's media waits in the socket.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let base = session.connectURL ?? "rtmp://\(context.localAddress.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" } ?? "")/\(app)"
        let request = PublishRequest(
            stream: address.stream, key: address.key, origin: .rtmp, remoteAddress: context.remoteAddress?.ipAddress ?? "",
            url: base + (base.hasSuffix("/") ? "" : "/") + name, token: ShownToken.rtmp(connect: session.connectURL, app: app, name: name))
        let channel = context.channel
        let loop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        // Owned by this handler: cancelled when the connection ends first.
        asking = Task { [gate, relays] in
            let answer: Result<any Publication, any Error>
            let played = PlayAddress(address)
            do {
                let publication = try await gate.open(request) { reason in
                    if reason == .succeeded { relays.expectSuccessor(of: played.address) }
                    channel.close(promise: nil)
                }
                played.address = RTMPAddress(stream: publication.stream, key: publication.key)
                answer = .success(publication)
            } catch {
                answer = .failure(error)
            }
            loop.execute {
                let (handler, context) = bound.value
                handler.answered(answer, played.address, context)
            }
        }
    }

    private func answered(_ answer: Result<any Publication, any Error>, _ address: RTMPAddress, _ context: ChannelHandlerContext) {
        asking = nil
        switch answer {
        case .failure(let error):
            if !isOver { refuse("NetStream.Publish.BadName", "\(error)", context) }
        case .success(let publication):
            let sink = publication.makeSink()
            // The peer has gone meanwhile: the name is given back, and who waited for its pictures is sent home.
            guard !isOver, context.channel.isActive else {
                relays.abandon(address)
                return sink.finish()
            }
            role = .publisher(sink, relays.open(address))
            watch(context)
            session.accept()
            logger.info("publishing", metadata: ["stream": "\(address.stream)"])
            advance(context) { session, each in try session.resume(each: each) }
            if !isOver { try? context.channel.syncOptions?.setOption(.autoRead, value: true) }
        }
    }

    private func play(_ app: String, _ name: String, _ context: ChannelHandlerContext) {
        guard let address = RTMPAddress(app: app, name: name) else { return refuseUnknown(app, name, context) }
        guard let viewers else { return play(address, app, name, context) }
        let token = ShownToken.rtmp(connect: session.connectURL, app: app, name: name)
        let request = ViewRequest(
            stream: address.stream, token: token, remoteAddress: context.remoteAddress?.ipAddress ?? "",
            url: "rtmp://\(context.localAddress.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" } ?? "")/live/\(address.stream)")
        if let verdict = viewers.known(request) { return take(verdict, address, app, name, context) }
        // Until the gate has answered, what the peer sends waits in the socket.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // Owned by this handler: cancelled when the connection ends first. Until it has answered `deadline` bounds the wait.
        asking = Task {
            let verdict = await viewers.ask(request)
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.asking = nil
                handler.take(verdict, address, app, name, context)
                if !handler.isOver { try? context.channel.syncOptions?.setOption(.autoRead, value: true) }
            }
        }
    }

    private func take(_ verdict: ViewVerdict, _ address: RTMPAddress, _ app: String, _ name: String, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        if let reason = verdict.reason { return refuse("NetStream.Play.Failed", reason, context) }
        play(address, app, name, context)
    }

    private func refuseUnknown(_ app: String, _ name: String, _ context: ChannelHandlerContext) {
        refuse("NetStream.Play.StreamNotFound", "'\(Self.shown(app, name))' is not live here", context)
    }

    /// Without the queries of either, which may have a token.
    private static func shown(_ app: String, _ name: String) -> String { "\(app.prefix { $0 != "?" })/\(name.prefix { $0 != "?" })" }

    private func play(_ address: RTMPAddress, _ app: String, _ name: String, _ context: ChannelHandlerContext) {
        guard let relay = relays.find(address) else { return refuseUnknown(app, name, context) }
        deadline?.cancel()
        session.accept()
        flush(context)
        role = .viewer(relay)
        relay.add(context.channel, limits)
        advance(context) { session, each in try session.resume(each: each) }
    }

    private func refuse(_ code: String, _ reason: String, _ context: ChannelHandlerContext) {
        logger.info("RTMP refused", metadata: ["code": "\(code)", "reason": "\(reason)"])
        session.refuse(code: code, reason)
        flush(context)
        close(context)
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard session.output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(session.output), promise: nil)
        session.output = ByteBuffer()
    }

    private func limit(_ time: TimeAmount, _ what: String, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) {
            let (handler, context) = bound.value
            handler.giveUp("\(what) within \(time.nanoseconds / 1_000_000) ms", context)
        }
    }

    /// Looks again and again whether the publisher has sent anything meanwhile.
    private func watch(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        wasHeard = false
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: limits.publisherSilence) {
            let (handler, context) = bound.value
            guard !handler.wasHeard else { return handler.watch(context) }
            handler.giveUp("the publisher sent nothing for \(handler.limits.publisherSilence.nanoseconds / 1_000_000) ms", context)
        }
    }

    private func giveUp(_ reason: String, _ context: ChannelHandlerContext) {
        logger.warning("RTMP connection closed", metadata: ["reason": "\(reason)"])
        close(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        end()
        context.close(promise: nil)
    }

    /// Once: the sink is finished, the viewers are told, the timers stop.
    ///
    /// - Parameter inOrder: the publisher has said that it ends.
    private func end(inOrder: Bool = false) {
        isOver = true
        deadline?.cancel()
        asking?.cancel()
        let ending = role
        role = .none
        if case .publisher(let sink, let feed) = ending {
            relays.close(feed)
            if inOrder { sink.finish() } else { sink.lose() }
        }
    }
}

/// Where a publisher's pictures are to be had by RTMP: known once it was let in, perhaps under another name.
private final class PlayAddress: Sendable {
    private let value: Mutex<RTMPAddress>

    init(_ address: RTMPAddress) { value = Mutex(address) }

    var address: RTMPAddress {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
