import Logging

enum Logging {
    /// One line an event on standard error, so that standard output stays for what a person asked for.
    static func make(label: String, level: String) -> Logger {
        var logger = Logger(label: label, factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = Logger.Level(rawValue: level) ?? .info
        return logger
    }
}
