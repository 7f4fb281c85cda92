import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
@testable import SluiceGateway
import SluiceNetwork
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct TraceExporterTests {
    private enum Answer: Equatable {
        case refused
        /// So many spans.
        case taken(Int)

        func isLike(_ other: Answer) -> Bool { (self == .refused) == (other == .refused) }
    }

    /// A collector that can be told to be of no use.
    private final class Collector: HTTPResponder {
        let isWell = Mutex(true)
        /// What each answer takes.
        let pause = Mutex(Duration.zero)
        let bodies: AsyncStream<Answer>
        private let came: AsyncStream<Answer>.Continuation
        let heads = Mutex<[HTTPRequest]>([])

        init() { (bodies, came) = AsyncStream.makeStream() }

        func next() async -> Answer? {
            var iterator = bodies.makeAsyncIterator()
            return await iterator.next()
        }

        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            let body = try await request.body.collect(upTo: 64 << 20)
            heads.withLock { $0.append(request.head) }
            try await Task.sleep(for: pause.withLock { $0 })
            guard isWell.withLock({ $0 }) else {
                try await writer.send(.serviceUnavailable, body: ByteBuffer(string: "later"))
                came.yield(.refused)
                return
            }
            try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: "{}"))
            came.yield(.taken(String(buffer: body).components(separatedBy: "\"spanId\"").count - 1))
        }
    }

    /// Counts what is said at `notice` and above.
    private final class Words: Sendable {
        let all = Mutex<[String]>([])
        var logger: Logger { Logger(label: "test") { _ in Handler(words: self) } }

        private struct Handler: LogHandler {
            let words: Words
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.notice
            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }
            func log(event: LogEvent) { words.all.withLock { $0.append(event.message.description) } }
        }
    }

    private func settings(_ text: String) throws -> TraceSettings {
        var reader = try withSettingsFile(text) { try SettingsReader(file: $0, flags: [:], environment: [:]) }
        return try TraceSettings(&reader)
    }

    private func story(_ number: Int64) throws -> SegmentStory {
        let now = ContinuousClock.now
        return SegmentStory(
            stream: try #require(StreamID("cam")), sequence: SegmentSequence(number), duration: .seconds(2), byteCount: 1, renditions: [],
            timeline: SegmentTimeline(firstByteWallClock: 1, lastByteWallClock: 2, firstByte: now, cut: now), listings: [])
    }

    private func exporting(
        _ collector: Collector, _ more: String = "",
        _ body: (TraceExporter, MetricRegistry, Words) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let words = Words()
        let http = HTTPServer(host: "127.0.0.1", port: 0, tls: nil, responder: collector, group: group, logger: words.logger)
        let port = try await http.start()
        let registry = MetricRegistry()
        let settings = try settings("traces: {endpoint: 'http://127.0.0.1:\(port)', intervalMs: 100\(more)}\n")
        let exporter = try #require(
            try TraceExporter(settings, service: "test", group: group, registry: registry, logger: words.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await http.run() }
            tasks.addTask { await exporter.run() }
            defer { tasks.cancelAll() }
            try await body(exporter, registry, words)
        }
    }

    @Test func storiesGoOutTogether() async throws {
        let collector = Collector()
        try await exporting(collector, ", authorization: Bearer x") { exporter, registry, _ in
            for number in 0..<10 { exporter.witness.settled(try story(Int64(number))) }
            var spans = 0
            // A root and a cut each.
            while spans < 20, case .taken(let count) = await collector.next() { spans += count }
            #expect(spans == 20)
            let head = try #require(collector.heads.withLock { $0.first })
            #expect(head.path == "/v1/traces" && head.headerFields[.contentType] == "application/json")
            #expect(head.headerFields[.authorization] == "Bearer x")
            exporter.finish()
            #expect(registry.render().contains("sluice_traces_lost_total 0\n"))
        }
    }

    @Test func anAbsentCollectorIsSpokenOfOnceAndSoIsItsReturn() async throws {
        let collector = Collector()
        collector.isWell.withLock { $0 = false }
        try await exporting(collector) { exporter, registry, words in
            exporter.witness.settled(try story(0))
            #expect(await collector.next() == .refused)
            // Until the pause is over nothing is kept; after it the next one that comes is the try.
            await withThrowingTaskGroup(of: Void.self) { offering in
                offering.addTask {
                    for number in 1..<Int64.max {
                        exporter.witness.settled(try story(number))
                        do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
                    }
                }
                while let next = await collector.next(), !next.isLike(.refused) {}
                collector.isWell.withLock { $0 = true }
                while let next = await collector.next(), !next.isLike(.taken(1)) {}
                offering.cancelAll()
            }
            for _ in 0..<200 where words.all.withLock({ $0.count }) < 2 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(
                words.all.withLock { $0 } == ["traces do not go out, and are left out until they do", "traces go out again"])
            #expect(!registry.render().contains("sluice_traces_lost_total 0\n"))
        }
    }

    /// It takes all that it is given, 300 ms each time: all that waits would take five seconds.
    @Test func atTheEndASlowCollectorIsNotWaitedForLong() async throws {
        let collector = Collector()
        collector.pause.withLock { $0 = .milliseconds(300) }
        try await exporting(collector) { exporter, registry, _ in
            for number in 0..<4000 { exporter.witness.settled(try story(Int64(number))) }
            _ = await collector.next()
            exporter.finish()
            try await soon("the rest is given up") { !registry.render().contains("sluice_traces_lost_total 0\n") }
        }
    }

    @Test func aClosedPortCostsNothing() async throws {
        let words = Words()
        let exporter = try #require(
            try TraceExporter(
                try settings("traces: {endpoint: 'http://127.0.0.1:1/x', intervalMs: 100}\n"), service: "test",
                group: MultiThreadedEventLoopGroup.singleton, registry: MetricRegistry(), logger: words.logger))
        async let running: Void = exporter.run()
        exporter.witness.settled(try story(0))
        for _ in 0..<500 where words.all.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(words.all.withLock { $0.count } == 1)
        exporter.finish()
        await running
    }

    @Test func settingsAreChecked() throws {
        #expect(try settings("").endpoint == nil)
        #expect(try settings("traces: {endpoint: 'https://c.example.com/otlp/v1/traces'}\n").endpoint?.path == "/otlp/v1/traces")
        #expect(try settings("traces: {endpoint: 'http://c.example.com:4318/'}\n").endpoint?.path == "/v1/traces")
        for wrong in ["endpoint: collector", "endpoint: 'ftp://x'", "sample: 2", "intervalMs: 1", "authorization: \"a\\nb\""] {
            #expect(throws: SettingsError.self, "\(wrong)") { try settings("traces: {\(wrong)}\n") }
        }
    }
}
