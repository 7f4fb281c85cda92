import Foundation
import HTTPTypes
import Logging
import NIOCore
import SluiceGateway
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Synchronization

/// Sends traces to a collector, as OTLP over HTTP in JSON. Whatever is told costs its teller one place in a queue; spans are made and written
/// by the exporter's own task, some hundreds at a time.
///
/// While the collector is away nothing is kept and nothing made.
final class TraceExporter: Sendable {
    private enum Item: Sendable {
        case segment(SegmentStory, TraceID)
        case serving(SegmentServing, TraceID, at: Int64)
        case work(WorkStory)
    }

    private struct Ending {
        var hasCome = false
        /// Who rests; finished with the end.
        var rest: AsyncStream<Never>.Continuation?
    }

    /// Twenty seconds of a hundred streams, of which half have viewers; about 4 kB each.
    static let mostWaiting = 4096
    /// Of a request; a quarter of a megabyte or so.
    private static let mostSpans = 512
    /// A collector takes milliseconds.
    private static let patience: Duration = .seconds(5)
    /// At the end: nobody is to wait for traces.
    private static let farewell: Duration = .seconds(1)
    private static let largestAnswer = 64 << 10

    let names: TraceNames
    private let url: RemoteURL
    private let authorization: String?
    private let interval: Duration
    private let resource: [(String, Span.Value)]
    private let connection: HTTPClientConnection
    private let logger: Logger
    private let sent: Counter
    private let lost: Counter
    private let queue: Mutex<[Item]> = Mutex([])
    private let isOpen = Atomic<Bool>(true)
    private let ending = Mutex(Ending())

    /// - Returns: `nil` where no traces are wanted.
    init?(_ settings: TraceSettings, service: String, group: any EventLoopGroup, registry: MetricRegistry, logger: Logger) throws {
        guard let url = settings.endpoint, settings.share > 0 else { return nil }
        self.url = url
        authorization = settings.authorization
        interval = settings.interval
        names = TraceNames(seed: .random(in: 0...UInt64.max), share: settings.share)
        resource = [
            ("service.name", .text(service)), ("service.version", .text(Sluice.version)), ("host.name", .text(HostName.own)),
            ("process.pid", .whole(Int64(ProcessInfo.processInfo.processIdentifier))),
        ]
        var connection = HTTPClientConnection.Settings()
        connection.verifiesCertificates = true
        self.connection = try HTTPClientConnection(authority: url.authority, settings: connection, group: group)
        self.logger = logger
        sent = registry.counter("sluice_trace_spans_total", help: "Spans that the collector took.")
        lost = registry.counter(
            "sluice_traces_lost_total", help: "Segments whose traces did not reach the collector: it was away, too slow, or refused them.")
    }

    /// For the stages of a gateway.
    var witness: SegmentWitness {
        SegmentWitness(
            name: { self.names.trace($0, $1)?.description },
            settled: { story in
                if let trace = self.names.trace(story.stream, story.sequence) { self.offer(.segment(story, trace)) }
            },
            served: { serving in
                guard let trace = self.names.trace(serving.stream, serving.sequence) else { return }
                self.offer(.serving(serving, trace, at: wallClockNanoseconds()))
            })
    }

    func worked(_ story: WorkStory) { offer(.work(story)) }

    private func offer(_ item: Item) {
        let isTaken =
            isOpen.load(ordering: .relaxed)
            && queue.withLock { queue in
                guard queue.count < Self.mostWaiting else { return false }
                queue.append(item)
                return true
            }
        if !isTaken { lost.increment() }
    }

    /// What waits is still sent, if the collector takes it at once.
    func finish() {
        ending.withLock { ending in
            ending.hasCome = true
            ending.rest?.finish()
        }
    }

    /// Sends until `finish`.
    func run() async {
        var pace = ExportPace<ContinuousClock.Instant>()
        var end: ContinuousClock.Instant?
        while await rest() {
            let isDue = pace.mayTry(at: .now)
            // The first to come after the pause are the next try.
            isOpen.store(isDue, ordering: .relaxed)
            if isDue { await send(take(), &pace, until: &end) }
        }
        isOpen.store(false, ordering: .relaxed)
        if !pace.isDown { await send(take(), &pace, until: &end) }
        await connection.close()
    }

    /// - Returns: `false` at the end.
    private func rest() async -> Bool {
        let (end, signal) = AsyncStream.makeStream(of: Never.self)
        let hasCome = ending.withLock { ending in
            ending.rest = signal
            return ending.hasCome
        }
        if hasCome { return false }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { [interval] in
                do { try await Task.sleep(for: interval) } catch { return false }
                return true
            }
            group.addTask {
                for await _ in end {}
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    private func take() -> [Item] {
        queue.withLock { queue in
            defer { queue = [] }
            return queue
        }
    }

    private func send(_ items: [Item], _ pace: inout ExportPace<ContinuousClock.Instant>, until end: inout ContinuousClock.Instant?) async {
        var rest = items[...]
        while !rest.isEmpty {
            // At the end a slow collector has the time of one farewell for all that is left.
            if end == nil, ending.withLock({ $0.hasCome }) { end = .now + Self.farewell }
            let limit = end.map { ContinuousClock.now.duration(to: $0) } ?? Self.patience
            guard limit > .zero else { return lost.increment(by: rest.count) }
            var batch = OTLPTraces(resource: resource, scope: ("sluice", Sluice.version))
            let before = rest.count
            while batch.count < Self.mostSpans, let item = rest.popFirst() { Self.append(item, to: &batch) }
            let spans = batch.count
            do {
                try await post(batch.body(), within: limit)
                sent.increment(by: spans)
                if pace.succeeded() { logger.notice("traces go out again", metadata: ["to": "\(url.authority)"]) }
            } catch {
                lost.increment(by: before)
                isOpen.store(false, ordering: .relaxed)
                if pace.failed(at: .now) {
                    logger.warning(
                        "traces do not go out, and are left out until they do",
                        metadata: ["to": "\(url.authority)\(url.path)", "reason": "\(error)"])
                }
                // What came meanwhile is of no use to a collector that is away.
                lost.increment(by: take().count)
                return
            }
        }
    }

    private static func append(_ item: Item, to batch: inout OTLPTraces) {
        switch item {
        case .segment(let story, let trace): for span in SegmentSpans(story, trace: trace).all { batch.append(span) }
        case .serving(let serving, let trace, let moment): batch.append(SegmentSpans.span(of: serving, trace: trace, servedAt: moment))
        case .work(let work): batch.append(SegmentSpans.span(of: work))
        }
    }

    private func post(_ body: ByteBuffer, within limit: Duration) async throws {
        var head = HTTPRequest(
            method: .post, scheme: url.authority.isSecure ? "https" : "http", authority: url.authority.name, path: url.path,
            headerFields: [.contentType: "application/json", .contentLength: "\(body.readableBytes)"])
        if let authorization { head.headerFields[.authorization] = authorization }
        let answer = try await within(limit, orThrow: SettingsError("no answer within \(limit)")) { [head, connection] in
            try await connection.exchange(head, body: body) { answer, body in
                (answer.status, try await body.collect(upTo: Self.largestAnswer))
            }
        }
        guard (200..<300).contains(answer.0.code) else {
            throw SettingsError("the collector answered \(answer.0.code): \(String(buffer: answer.1).prefix(200))")
        }
    }
}
