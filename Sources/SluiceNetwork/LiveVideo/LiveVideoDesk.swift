import HTTPTypes
import Logging
import NIOCore
import SluiceTypes
package import SluiceWire
import Synchronization

/// An orchestrator's sessions of live video: a place at a runner, four channels, a worker that was told to start and is told to stop
/// (specs/live-ai-protocol §4.2, §9).
package final class LiveVideoDesk: Sendable {
    package struct Settings: Sendable {
        /// A gateway is always at its channels, with a request for its next segment, or for the next of the worker: one that is at none of
        /// them for so long is gone.
        package var gatewayGone: Duration = .milliseconds(800)
        /// As long for a worker's output; one that dies takes its connections with it.
        package var workerGone: Duration = .milliseconds(500)
        /// A session that no gateway has come to by then is over.
        package var beginTime: Duration = .seconds(5)
        /// For a worker's answer to a start: under the 5 s that gateways give the whole call.
        package var startTime: Duration = .milliseconds(4500)
        package var stopTime: Duration = .seconds(2)

        package init() {}
    }

    /// Runners that work on live video are known by their app: this, and the model.
    package static let appPrefix = "live-video-to-video/"
    private static let longestAnswer = 64 << 10
    /// Started and not yet taken up by `run`: as many as all runners have places.
    private static let mostWaiting = 1024

    struct Session: Sendable {
        let id: SessionID
        let worker: String
        let runner: RunnerID
        /// The names of its channels: the gateway's words, the worker's pictures, control, events.
        let input: String
        let output: String
        let control: String
        let events: String

        var channels: [String] { [input, output, control, events] }
    }

    private let desk: RunnerDesk
    private let trickle: TrickleTable
    private let settings: Settings
    /// How gateways, and how workers, reach the channels; with a slash at the end.
    private let gatewayBase: String
    private let workerBase: String
    private let started: AsyncStream<(Session, AsyncStream<Void>)>
    private let announce: AsyncStream<(Session, AsyncStream<Void>)>.Continuation
    /// Those whose place the registry still keeps: it lets go of one whose runner is lost, or that the operator ended.
    /// By session: tells it that something has changed.
    private let alive: Mutex<[SessionID: AsyncStream<Void>.Continuation]> = Mutex([:])

    /// - Parameters:
    ///   - gatewayBase: how gateways reach this orchestrator; without a slash at its end, as `workerBase`.
    package init(
        _ desk: RunnerDesk, trickle: TrickleTable, gatewayBase: String, workerBase: String, settings: Settings = .init()
    ) {
        self.desk = desk
        self.trickle = trickle
        self.settings = settings
        self.gatewayBase = gatewayBase + TrickleEndpoint.orchestratorBase
        self.workerBase = workerBase + TrickleEndpoint.orchestratorBase
        (started, announce) = AsyncStream.makeStream(
            of: (Session, AsyncStream<Void>).self, bufferingPolicy: .bufferingOldest(Self.mostWaiting))
        desk.service.watch(
            { [weak self] event in
                guard case .released(let session, _, _, _) = event else { return }
                self?.alive.withLock { $0.removeValue(forKey: session) }?.yield()
            }, isBusy: { _ in false })
    }

    /// In a runner's own words: `{"weights_digest": "sha256:…"}` in its metadata.
    private static func digest(_ metadata: String) -> String? {
        guard metadata.utf8.first == UInt8(ascii: "{"), let tree = try? JSONTree(parsing: metadata.utf8) else { return nil }
        return tree["weights_digest"]?.string
    }

    /// What runners offer, by model.
    package var models: [LiveVideoCapability.Model] {
        var found: [String: LiveVideoCapability.Model] = [:]
        for offer in desk.service.offers where offer.facts.app.hasPrefix(Self.appPrefix) {
            let name = String(offer.facts.app.dropFirst(Self.appPrefix.count))
            let known = found[name] ?? .init(name: name, capacity: 0, used: 0)
            found[name] = .init(
                name: name, capacity: known.capacity + offer.facts.capacity, used: known.used + offer.used,
                version: known.version ?? (offer.facts.version.isEmpty ? nil : offer.facts.version),
                digest: known.digest ?? Self.digest(offer.facts.metadata))
        }
        return found.values.sorted { $0.name < $1.name }
    }

    /// Watches the sessions until the task is cancelled, and ends them then.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await (session, stirs) in started {
                group.addTask { await self.watch(session, stirs) }
            }
        }
    }

    /// - Returns: the channels, as the gateway reaches them.
    /// - Throws: `SegmentRefusal` with the reference's codes.
    func start(_ request: LiveVideoRequest) async throws(SegmentRefusal) -> (manifest: String, urls: LiveVideoURLs) {
        let manifest = RunnerKeys.name(26)
        let place: RunnerSession
        do { place = try desk.service.keep(app: Self.appPrefix + request.order.model, as: SessionID(manifest)) } catch {
            throw SegmentRefusal(status: 503, text: "insufficient capacity")
        }
        let session = Session(
            id: place.id, worker: place.url, runner: place.runner, input: manifest, output: "\(manifest)-out",
            control: "\(manifest)-control", events: "\(manifest)-events")
        do {
            for name in session.channels {
                try trickle.create(name, contentType: name == session.input || name == session.output ? "video/MP2T" : "application/json")
            }
            try await tellStart(request, manifest, session)
        } catch {
            close(session)
            desk.service.release(session.id, .stopped)
            throw (error as? SegmentRefusal) ?? SegmentRefusal(status: 500, text: "\(error)")
        }
        // It is enough to know that something has changed.
        let (stirs, stir) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        alive.withLock { $0[session.id] = stir }
        // It may have lost its place before there was anybody to tell.
        guard desk.service.renew(session.id), case .enqueued = announce.yield((session, stirs)) else {
            alive.withLock { _ = $0.removeValue(forKey: session.id) }
            close(session)
            desk.service.release(session.id, .stopped)
            throw SegmentRefusal(status: 503, text: "insufficient capacity")
        }
        desk.logger.info(
            "live video", metadata: ["session": "\(manifest)", "model": "\(request.order.model)", "runner": "\(session.runner)"])
        return (manifest, LiveVideoURLs(base: gatewayBase, manifest: manifest))
    }

    private func tellStart(_ request: LiveVideoRequest, _ manifest: String, _ session: Session) async throws {
        let body = try LiveVideoForms.workerStart(request, manifest: manifest, LiveVideoURLs(base: workerBase, manifest: manifest))
        let status: HTTPResponse.Status
        let answer: String
        do {
            (status, answer) = try await post("/live-video-to-video", body, to: session.worker, within: settings.startTime)
        } catch {
            desk.service.missed(session.runner)
            throw SegmentRefusal(status: 500, text: "the worker cannot be reached: \(error)")
        }
        if status == .ok { return }
        desk.logger.warning(
            "a worker refused", metadata: ["runner": "\(session.runner)", "status": "\(status.code)", "answer": "\(answer.prefix(300))"])
        // It is still at what it did before.
        if status == .serviceUnavailable { throw SegmentRefusal(status: 503, text: "insufficient capacity") }
        throw SegmentRefusal(status: 500, text: String(answer.prefix(1000)))
    }

    private func post(
        _ path: String, _ body: String, to worker: String, within limit: Duration
    ) async throws -> (HTTPResponse.Status, String) {
        let address = try WebAddress(worker)
        let root = address.path == "/" ? "" : address.path
        let connection = try HTTPClientConnection(authority: address.authority, group: desk.group)
        let bytes = ByteBuffer(string: body)
        let head = HTTPRequest(
            method: .post, scheme: address.authority.isSecure ? "https" : "http", authority: address.authority.name, path: root + path,
            headerFields: [.contentType: "application/json", .contentLength: "\(bytes.readableBytes)"])
        do {
            let result = try await SluiceNetwork.within(limit, of: "\(worker)\(path)") {
                try await connection.exchange(head, body: bytes) { answer, body in
                    (answer.status, String(buffer: try await body.collect(upTo: Self.longestAnswer)))
                }
            }
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    // MARK: Its life

    private enum End: String {
        case closed = "the gateway closed it"
        case gatewayGone = "the gateway is gone"
        case workerGone = "the worker is gone"
        case neverBegan = "no gateway came to it"
        case released = "the runner was released"
        case shutdown = "shutting down"
    }

    private func watch(_ session: Session, _ stirs: AsyncStream<Void>) async {
        // It is in use as long as it lives.
        desk.service.begin(session.id)
        let end = await life(of: session, stirs)
        desk.service.end(session.id)
        alive.withLock { _ = $0.removeValue(forKey: session.id) }
        close(session)
        desk.logger.info("live video ended", metadata: ["session": "\(session.id)", "reason": "\(end.rawValue)"])
        if end == .workerGone { desk.service.missed(session.runner) }
        // In a task of its own, which is waited for: the shutdown, which cancels this one, is among the reasons.
        let stop = Task { [settings] in
            // ai-runner has no such call, and sees by its input that it is over; one that is gone needs none.
            try? await self.post("/stream/stop", "{}", to: session.worker, within: settings.stopTime)
        }
        _ = await stop.value
        // Only now: a worker that is still busy would refuse the next.
        desk.service.release(session.id, .stopped)
    }

    /// Told by the channels who comes and who goes; of those who do not come back within their time by the clock.
    private func life(of session: Session, _ stirs: AsyncStream<Void>) async -> End {
        let stir = alive.withLock { $0[session.id] }
        let watched = session.channels.compactMap { name -> (TrickleRelay, Int)? in
            guard case .channel(let relay) = trickle.find(name, for: .write) else { return nil }
            return (relay, relay.watch { stir?.yield() })
        }
        defer { for (relay, number) in watched { relay.unwatch(number) } }
        var presence = LiveVideoPresence(settings, at: .now)
        while true {
            guard !Task.isCancelled else { return .shutdown }
            guard alive.withLock({ $0[session.id] != nil }) else { return .released }
            guard let input = self.presence(of: session.input), let output = self.presence(of: session.output) else { return .closed }
            let isGateway =
                input.isWritten || output.isRead || self.presence(of: session.control)?.isWritten ?? false
                || self.presence(of: session.events)?.isRead ?? false
            switch presence.look(gateway: isGateway, worker: output.isWritten, at: .now) {
            case .gatewayGone: return .gatewayGone
            case .workerGone: return .workerGone
            case .neverBegan: return .neverBegan
            case .wait(let until): await wait(stirs, until: until)
            }
        }
    }

    private func wait(_ stirs: AsyncStream<Void>, until end: ContinuousClock.Instant?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in stirs { return } }
            if let end { group.addTask { try? await Task.sleep(until: end, tolerance: .milliseconds(5), clock: .continuous) } }
            await group.next()
            group.cancelAll()
        }
    }

    /// - Returns: `nil` when the channel is closed.
    private func presence(of name: String) -> TrickleChannel.Presence? {
        guard case .channel(let relay) = trickle.find(name, for: .write) else { return nil }
        return relay.presence
    }

    private func close(_ session: Session) {
        for name in session.channels { trickle.close(name) }
    }
}
