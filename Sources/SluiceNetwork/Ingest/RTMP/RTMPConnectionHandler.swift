import Logging
import NIOCore
import SluiceTypes
import SluiceWire

/// One RTMP connection on its event loop: from the socket to the sink there is no task and no hop.
final class RTMPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Role {
        case none
        case publisher(any PacketSink, RTMPRelay)
        case viewer(RTMPRelay)
    }

    /// Media that came before the gate has answered; a publisher that sends more than this meanwhile is paused by its own window.
    private static let mostHeldMessages = 512

    private let gate: any PublisherGate
    private let relays: RTMPRelayTable
    private let limits: RTMPLimits
    private var logger: Logger
    private var session = RTMPServerSession()
    private var packets = FLVPackets()
    private var role = Role.none
    private var held: [RTMPMessage] = []
    private var asking: Task<Void, Never>?
    private var deadline: Scheduled<Void>?

    init(gate: any PublisherGate, relays: RTMPRelayTable, limits: RTMPLimits, logger: Logger) {
        self.gate = gate
        self.relays = relays
        self.limits = limits
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) {
        logger[metadataKey: "peer"] = "\(context.remoteAddress?.description ?? "unknown")"
        limit(limits.handshakeTimeout, "no handshake", context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        let wasHandshaken = session.isHandshaken
        do {
            var events: [RTMPServerSession.Event] = []
            try session.receive(&bytes) { event in
                // The hot path: media of a publisher that was let in.
                if case .media(let message) = event, case .publisher(let sink, let relay) = role {
                    try media(message, sink, relay)
                } else {
                    events.append(event)
                }
            }
            for event in events { try handle(event, context) }
        } catch {
            logger.warning("RTMP connection closed", metadata: ["reason": "\(error)"])
            flush(context)
            context.close(promise: nil)
            return
        }
        if !wasHandshaken, session.isHandshaken { limit(limits.idleTimeout, "neither publish nor play", context) }
        flush(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("RTMP connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .viewer(let relay) = role { relay.writabilityChanged(of: context.channel) }
        context.fireChannelWritabilityChanged()
    }

    private func handle(_ event: RTMPServerSession.Event, _ context: ChannelHandlerContext) throws {
        switch event {
        case .publish(let app, let name): publish(app, name, context)
        case .play(let app, let name): play(app, name, context)
        case .media(let message):
            guard held.count < Self.mostHeldMessages else { throw RTMPError("media came faster than the stream could be opened") }
            held.append(message)
        case .finished:
            end()
            context.close(promise: nil)
        }
    }

    private func media(_ message: RTMPMessage, _ sink: any PacketSink, _ relay: RTMPRelay) throws {
        relay.publish(message)
        switch try packets.consume(message) {
        case .packet(let packet): sink.consume(packet)
        case .video(let parameters): sink.configure(video: parameters)
        case .audio(let parameters): sink.configure(audio: parameters)
        case .unsupported(let text): logger.warning("RTMP track left out", metadata: ["reason": "\(text)"])
        case nil: break
        }
    }

    private func publish(_ app: String, _ name: String, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        guard let address = RTMPAddress(app: app, name: name) else {
            return refuse("NetStream.Publish.BadName", "'\(app)/\(name)' names no stream; publish to /live/NAME", context)
        }
        let request = PublishRequest(
            stream: address.stream, key: address.key, origin: .rtmp, remoteAddress: context.remoteAddress?.description ?? "")
        let channel = context.channel
        let loop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        // Owned by this handler: cancelled when the connection ends first.
        asking = Task { [gate] in
            let answer: Result<any Publication, any Error>
            do {
                answer = .success(try await gate.open(request, evict: { channel.close(promise: nil) }))
            } catch {
                answer = .failure(error)
            }
            loop.execute {
                let (handler, context) = bound.value
                handler.answered(answer, address, context)
            }
        }
    }

    private func answered(_ answer: Result<any Publication, any Error>, _ address: RTMPAddress, _ context: ChannelHandlerContext) {
        asking = nil
        switch answer {
        case .failure(let error): refuse("NetStream.Publish.BadName", "\(error)", context)
        case .success(let publication):
            let sink = publication.makeSink()
            guard context.channel.isActive else { return sink.finish() }
            let relay = relays.open(address)
            role = .publisher(sink, relay)
            session.accept()
            flush(context)
            logger.info("publishing", metadata: ["stream": "\(address.stream)"])
            let waiting = held
            held = []
            do {
                for message in waiting { try media(message, sink, relay) }
            } catch {
                logger.warning("RTMP connection closed", metadata: ["reason": "\(error)"])
                context.close(promise: nil)
            }
        }
    }

    private func play(_ app: String, _ name: String, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        guard let address = RTMPAddress(app: app, name: name), let relay = relays.find(address) else {
            return refuse("NetStream.Play.StreamNotFound", "'\(app)/\(name)' is not live here", context)
        }
        session.accept()
        flush(context)
        role = .viewer(relay)
        relay.add(context.channel, stall: limits.viewerStall)
    }

    private func refuse(_ code: String, _ reason: String, _ context: ChannelHandlerContext) {
        logger.info("RTMP refused", metadata: ["code": "\(code)", "reason": "\(reason)"])
        session.refuse(code: code, reason)
        let output = session.output
        session.output = ByteBuffer()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(output)).whenComplete { _ in bound.value.close(promise: nil) }
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
            handler.logger.info("RTMP connection closed", metadata: ["reason": "\(what) within \(time.nanoseconds / 1_000_000_000) s"])
            context.close(promise: nil)
        }
    }

    private func end() {
        deadline?.cancel()
        asking?.cancel()
        switch role {
        case .publisher(let sink, let relay):
            relay.close()
            relays.close(relay)
            sink.finish()
        case .viewer, .none: break
        }
        role = .none
    }
}
