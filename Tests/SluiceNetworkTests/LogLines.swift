import Logging
import Synchronization

/// What was logged, as text: the message, then its metadata by key.
final class LogLines: Sendable {
    private let collected = Mutex<[String]>([])
    private let lines: AsyncStream<String>
    private let announce: AsyncStream<String>.Continuation

    init() { (lines, announce) = AsyncStream.makeStream() }

    var all: [String] { collected.withLock { $0 } }

    var logger: Logger { Logger(label: "test", factory: { _ in Handler(lines: self) }) }

    /// The next line with `text` in it. For one caller at a time; lines passed over are not seen again.
    func first(with text: String) async -> String? { await lines.first { $0.contains(text) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(lines: LogLines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = metadata.merging(event.metadata ?? [:]) { $1 }
            let text = ([event.message.description] + facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
                .joined(separator: " ")
            lines.collected.withLock { $0.append(text) }
            lines.announce.yield(text)
        }
    }
}
