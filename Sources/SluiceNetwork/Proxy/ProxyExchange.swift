import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOPosix

/// One request on its way to another server, and its answer on the way back. All of it on the event loop of the client's connection.
final class ProxyExchange: ProxyUpstreamListener {
    /// Of a request that is passed on, what is kept to send it again elsewhere.
    private static let replayLimit = 256 << 10
    /// Ways tried for one request.
    private static let attempts = 3

    private let request: HTTPRequest
    private let isUpgrade: Bool
    private let canUpgrade: Bool
    /// Outlives the exchange: it is the connection's.
    private weak var client: ProxyHandler?
    private let connections: ProxyConnections
    private let loop: any EventLoop
    private var forward: ProxyForward?
    private var upstream: ProxyUpstream?
    /// What the client has sent and no server was there for yet.
    private var waiting: [HTTPRequestPart] = []
    /// All of the request but its head, for as long as it may have to be sent again; `nil` once it is too long for that.
    private var replay: [HTTPRequestPart]? = []
    private var replaySize = 0
    /// The body is read to its end first, up to a limit.
    private var reading: (limit: Int, budget: UploadBudget, then: @Sendable (ByteBuffer) -> ProxyDecision)?
    private var budget: (of: UploadBudget, held: Int)?
    private var requestIsWhole = false
    private var attempts = 0
    private var answerHead: HTTPResponseHead?
    private var hasAnswered = false
    private var isOver = false
    private var deadline: Scheduled<Void>?
    private let cut = ProxyTunnelCut()

    init(_ request: HTTPRequest, _ client: ProxyHandler, _ connections: ProxyConnections, on loop: any EventLoop, canUpgrade: Bool) {
        self.request = request
        self.client = client
        self.connections = connections
        self.loop = loop
        self.canUpgrade = canUpgrade
        isUpgrade = ProxyHeaders.isUpgrade(request)
    }

    func begin(_ router: any ProxyRouter) {
        guard canUpgrade || (!isUpgrade && request.method != .connect) else {
            return answer(.refusal(.notImplemented, "WebSockets over HTTP/2 are not served here; use HTTP/1.1"))
        }
        follow(router.decide(on: request, loop: loop))
    }

    private func follow(_ decision: EventLoopFuture<ProxyDecision>) {
        let held = NIOLoopBound(self, eventLoop: loop)
        decision.whenComplete { result in
            let exchange = held.value
            guard !exchange.isOver else {
                if case .success(.forward(let forward)) = result { forward.ended(.clientGone) }
                return
            }
            switch result {
            case .success(let decision): exchange.obey(decision)
            case .failure(let error): exchange.answer(.refusal(.badGateway, "\(error)"))
            }
        }
    }

    private func obey(_ decision: ProxyDecision) {
        switch decision {
        case .answer(let answer): self.answer(answer)
        case .forward(let forward): connect(forward)
        case .read(let limit, let budget, let then):
            reading = (limit, budget, then)
            self.budget = (budget, 0)
            if request.headerFields[.expect]?.lowercased() == "100-continue" {
                client?.write(.head(HTTPResponse(status: .continue)))
                client?.flush()
            }
            let parts = waiting
            waiting = []
            for part in parts where reading != nil { read(part) }
            client?.resume()
        }
    }

    // MARK: Reading the body first

    private var readSoFar = ByteBuffer()

    private func read(_ part: HTTPRequestPart) {
        guard let reading else { return }
        switch part {
        case .head: break
        case .body(let bytes):
            guard readSoFar.readableBytes + bytes.readableBytes <= reading.limit else {
                return answer(.refusal(.contentTooLarge, "the body is over \(reading.limit) bytes"))
            }
            guard reading.budget.take(bytes.readableBytes) else {
                return answer(
                    .refusal(.serviceUnavailable, "too many large requests at once; try again later", headers: [.retryAfter: "1"]))
            }
            budget?.held += bytes.readableBytes
            readSoFar.writeImmutableBuffer(bytes)
        case .end:
            self.reading = nil
            let body = readSoFar
            readSoFar = ByteBuffer()
            // Not here: millions of bytes of JSON take their time, and others are on this event loop.
            follow(NIOThreadPool.singleton.runIfActive(eventLoop: loop) { reading.then(body) })
        }
    }

    /// What was set aside for the body that was read.
    private func giveBack() {
        if let budget { budget.of.release(budget.held) }
        budget = nil
        reading = nil
        readSoFar = ByteBuffer()
    }

    deinit { giveBack() }

    // MARK: The way there

    private func connect(_ forward: ProxyForward, fresh: Bool = false) {
        attempts += 1
        self.forward = forward
        if let body = forward.body {
            replay = [.body(body), .end(nil)]
            waiting = replay ?? []
        }
        let held = NIOLoopBound(self, eventLoop: loop)
        if !fresh {
            let loop = loop
            forward.began { why in loop.execute { held.value.cutOff(why) } }
        }
        connections.take(forward.authority, fresh: fresh, on: loop).whenComplete { result in
            let exchange = held.value
            switch result {
            case .success(let upstream) where exchange.isOver || exchange.forward == nil:
                exchange.connections.giveBack(upstream.value, on: exchange.loop)
            case .success(let upstream): exchange.connected(upstream.value)
            case .failure(let error):
                if !exchange.isOver { exchange.failed(.unreachable(connectFault(error))) }
            }
        }
    }

    private func connected(_ upstream: ProxyUpstream) {
        guard let forward else { return }
        self.upstream = upstream
        upstream.listener = self
        if request.headerFields[.expect]?.lowercased() == "100-continue", !requestIsWhole, attempts == 1 {
            client?.write(.head(HTTPResponse(status: .continue)))
            client?.flush()
        }
        upstream.send(.head(ProxyHeaders.request(request, forward, isUpgrade: isUpgrade)))
        let parts = waiting
        waiting = []
        for part in parts { send(part) }
        upstream.flush()
        client?.resume()
    }

    func clientSaid(_ part: HTTPRequestPart) {
        if case .end = part { requestIsWhole = true }
        if reading != nil { return read(part) }
        keep(part)
        if upstream == nil, !hasAnswered { waiting.append(part) } else { send(part) }
    }

    private func keep(_ part: HTTPRequestPart) {
        guard replay != nil else { return }
        if case .body(let bytes) = part { replaySize += bytes.readableBytes }
        if replaySize > Self.replayLimit { replay = nil } else { replay?.append(part) }
    }

    private func send(_ part: HTTPRequestPart) {
        switch part {
        case .head: break
        case .body(let bytes): upstream?.send(.body(.byteBuffer(bytes)))
        case .end(let trailers):
            upstream?.send(.end(trailers.map { HTTPHeaders($0.map { ($0.name.rawName, $0.value) }) }))
            startDeadline()
        }
    }

    func clientFlushed() { upstream?.flush() }

    var takesMoreOfRequest: Bool {
        if requestIsWhole || hasAnswered || reading != nil { return true }
        return upstream?.isWritable ?? waiting.isEmpty
    }

    func upstreamHasRoom() { client?.resume() }

    private func startDeadline() {
        guard let forward, !hasAnswered else { return }
        deadline?.cancel()
        let held = NIOLoopBound(self, eventLoop: loop)
        deadline = loop.scheduleTask(in: TimeAmount(forward.answerTime)) {
            held.value.upstream?.close()
            held.value.failed(.tooSlow(forward.answerTime))
        }
    }

    // MARK: The way back

    var takesMore: Bool { client?.hasRoom ?? true }

    func clientHasRoom() { upstream?.resume() }

    func upstreamSaid(_ part: HTTPClientResponsePart) {
        switch part {
        case .head(let head): said(head)
        case .body(let bytes):
            if hasAnswered { client?.write(.body(bytes)) }
        case .end(let trailers):
            ended(
                trailers.map { trailers in
                    HTTPFields(trailers.compactMap { name, value in HTTPField.Name(name).map { HTTPField(name: $0, value: value) } })
                })
        }
    }

    private func said(_ head: HTTPResponseHead) {
        answerHead = head
        deadline?.cancel()
        guard let forward else { return }
        let status = Int(head.status.code)
        let refusal = ProxyFailure.refused(status: status)
        if isElsewhere(status, forward), mayTryElsewhere(refusal), let again = forward.retry?(refusal) {
            // Its words are not waited for.
            upstream?.close()
            upstream = nil
            return leave(forward, refusal, for: again)
        }
        hasAnswered = true
        replay = nil
        forward.headed(status)
        var answer = ProxyHeaders.response(head, forward)
        if isUpgrade, head.status != .switchingProtocols {
            // The parser has stopped behind a request that asked for another protocol.
            answer.headerFields[.connection] = "close"
        } else if !requestIsWhole {
            answer.headerFields[.connection] = canUpgrade ? "close" : nil
        }
        client?.write(.head(answer))
    }

    func upstreamFlushed() {
        if hasAnswered { client?.flush() }
    }

    private func ended(_ trailers: HTTPFields?) {
        guard let upstream, let head = answerHead, let forward else { return }
        if isUpgrade, head.status == .switchingProtocols {
            client?.flush()
            isOver = true
            self.upstream = nil
            let done = forward.ended
            client?.tunnel(to: upstream, cutBy: cut, isWebSocket: isWebSocket) { done(.answered(status: 101)) }
            return
        }
        let isWhole = requestIsWhole
        settle(upstream)
        isOver = true
        // Before the client knows that it is over: its next request, by whatever way, finds the place free.
        forward.ended(.answered(status: Int(head.status.code)))
        if isWhole || canUpgrade { client?.write(.end(trailers)) }
        client?.flush()
        client?.finished(requestIsWhole: isWhole)
    }

    /// Its part is done.
    private func settle(_ upstream: ProxyUpstream) {
        self.upstream = nil
        if upstream.staysOpen, requestIsWhole, upstream.isActive {
            connections.giveBack(upstream, on: loop)
        } else {
            upstream.close()
        }
    }

    // MARK: What goes wrong

    func upstreamEnded(_ failure: ProxyFailure) {
        let wasUsed = upstream?.isUsed == true
        upstream = nil
        guard !isOver else { return }
        if wasUsed, answerHead == nil, let forward, let replay, ProxyHeaders.isIdempotent(request) || replay.isEmpty,
            attempts <= Self.attempts
        {
            // Closed under the request, as servers do with connections that were idle.
            waiting = replay
            return connect(forward, fresh: true)
        }
        failed(failure)
    }

    /// Whether another may answer better.
    private func isElsewhere(_ status: Int, _ forward: ProxyForward) -> Bool {
        status == 502 || status == 503 || status == 504 || (status >= 500 && forward.isRepeatable)
    }

    private func mayTryElsewhere(_ failure: ProxyFailure) -> Bool {
        guard !hasAnswered, attempts < Self.attempts, replay != nil, forward?.retry != nil else { return false }
        switch failure {
        // Nothing was done yet.
        case .unreachable, .refused(status: 503): return true
        default: return ProxyHeaders.isIdempotent(request) || forward?.isRepeatable == true
        }
    }

    private func failed(_ failure: ProxyFailure) {
        deadline?.cancel()
        let forward = forward
        if let forward, mayTryElsewhere(failure), let again = forward.retry?(failure) { return leave(forward, failure, for: again) }
        self.forward = nil
        forward?.ended(.failed(failure))
        if hasAnswered {
            isOver = true
            client?.abandon()
            return
        }
        answer(.refusal(failure.status, "the runner gave no answer: \(failure)", headers: forward?.answerHeaders ?? [:]))
    }

    private func leave(_ forward: ProxyForward, _ failure: ProxyFailure, for again: ProxyDecision) {
        self.forward = nil
        answerHead = nil
        waiting = replay ?? []
        forward.ended(.failed(failure))
        obey(again)
    }

    private func answer(_ answer: HTTPDirectAnswer) {
        giveBack()
        isOver = true
        hasAnswered = true
        var headers = answer.headers
        headers[.contentLength] = answer.status == .noContent ? nil : "\(answer.pieces.reduce(0) { $0 + $1.readableBytes })"
        if (!requestIsWhole && hasBody) || isUpgrade, canUpgrade { headers[.connection] = "close" }
        client?.write(.head(HTTPResponse(status: answer.status, headerFields: headers)))
        if request.method != .head { for piece in answer.pieces { client?.write(.body(piece)) } }
        let isWhole = requestIsWhole
        if isWhole || canUpgrade { client?.write(.end(nil)) }
        client?.flush()
        client?.finished(requestIsWhole: isWhole)
    }

    private var isWebSocket: Bool { request.headerFields[.upgrade]?.lowercased() == "websocket" }

    private var hasBody: Bool {
        request.headerFields[.transferEncoding] != nil || (request.headerFields[.contentLength].map { $0 != "0" } ?? false)
    }

    func clientGone() {
        guard !isOver else { return }
        isOver = true
        deadline?.cancel()
        upstream?.close()
        upstream = nil
        forward?.ended(.clientGone)
    }

    /// From outside: the session is over.
    private func cutOff(_ why: String) {
        if let tunnel = cut.tunnel { return tunnel.cut(why) }
        guard !isOver else { return }
        deadline?.cancel()
        upstream?.close()
        upstream = nil
        let forward = forward
        self.forward = nil
        if hasAnswered {
            isOver = true
            client?.abandon()
        } else {
            answer(.refusal(.gone, why))
        }
        forward?.ended(.cut)
    }
}
