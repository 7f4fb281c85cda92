import Logging
import Synchronization

enum Logging {
    /// One line an event on standard error, so that standard output stays for what a person asked for.
    static func make(label: String, level: String) -> Logger { make(label: label, level: LogLevel(level)) }

    /// - Parameter level: may change while the program runs.
    static func make(label: String, level: LogLevel) -> Logger {
        var logger = Logger(label: label, factory: { LevelledLogHandler(inner: StreamLogHandler.standardError(label: $0), level: level) })
        // The handler decides.
        logger.logLevel = .trace
        return logger
    }
}

/// The log level of a program, changed while it runs.
final class LogLevel: Sendable {
    private let present: Mutex<Logger.Level>

    init(_ name: String) { present = Mutex(Logger.Level(rawValue: name) ?? .info) }

    var level: Logger.Level { present.withLock { $0 } }

    /// The reference's scale, on which 4 is short, 5 debug and 6 verbose.
    var verbosity: Int {
        get {
            switch level {
            case .critical: 0
            case .error: 1
            case .warning: 2
            case .notice: 3
            case .info: 4
            case .debug: 5
            case .trace: 6
            }
        }
        set {
            let levels: [Logger.Level] = [.critical, .error, .warning, .notice, .info, .debug, .trace]
            present.withLock { $0 = levels[min(max(newValue, 0), 6)] }
        }
    }
}

/// Lets through what the level of the moment allows.
private struct LevelledLogHandler: LogHandler {
    var inner: StreamLogHandler
    let level: LogLevel

    var logLevel: Logger.Level {
        get { level.level }
        set { inner.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { inner.log(event: event) }
}
