import Foundation
import Logging
import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// The trickle channels of runners and sessions: each runner that registered itself has one on which it is told of its sessions, and
/// a session has those that its runner asks for.
final class RunnerChannels: Sendable {
    /// As the reference (specs/byoc §12.2).
    private static let keepAliveInterval: Duration = .seconds(10)
    /// A channel that was written to so lately is in use.
    private static let busyTime: Duration = .seconds(30)

    private let table: TrickleTable
    private let logger: Logger
    /// The name of each runner's channel.
    private let names = Mutex<[RunnerID: String]>([:])

    init(_ table: TrickleTable, logger: Logger) {
        self.table = table
        self.logger = logger
    }

    func name(of runner: RunnerID) -> String? { names.withLock { $0[runner] } }

    func told(_ event: RunnerEvent) {
        switch event {
        case .joined(let runner):
            // Nobody can guess it: who knows it can write to it.
            let name = "\(runner)-\(RunnerKeys.name(16))-o2r"
            if create(name, "application/json") { names.withLock { $0[runner] = name } }
        case .left(let runner):
            if let name = names.withLock({ $0.removeValue(forKey: runner) }) { table.close(name) }
        case .reserved(let session, let runner): say(RunnerAnswers.runnerEvent("reserved", session, time: Self.time()), to: runner)
        case .released(let session, let runner, _, let channels):
            for channel in channels { table.close(channel) }
            say(RunnerAnswers.runnerEvent("released", session, time: Self.time()), to: runner)
        case .changed: break
        }
    }

    /// - Returns: `false` when there is no room for it; that has been logged.
    func create(_ name: String, _ contentType: String) -> Bool {
        do {
            try table.create(name, contentType: contentType)
            return true
        } catch {
            logger.warning("no trickle channel for a runner", metadata: ["channel": "\(name)", "error": "\(error)"])
            return false
        }
    }

    func close(_ name: String) { table.close(name) }

    func isOpen(_ name: String) -> Bool { if case .channel = table.find(name, for: .write) { true } else { false } }

    /// Whether somebody writes to one of these, or reads one of those.
    func areUsed(written: [String], read: [String]) -> Bool {
        func status(_ name: String) -> TrickleChannelStatus? {
            guard case .channel(let relay) = table.find(name, for: .read) else { return nil }
            return relay.status
        }
        return written.contains { status($0)?.writers ?? 0 > 0 } || read.contains { status($0)?.readers ?? 0 > 0 }
    }

    func areBusy(_ names: [String]) -> Bool {
        names.contains { name in
            guard case .channel(let relay) = table.find(name, for: .read) else { return false }
            let status = relay.status
            return status.readers > 0 || status.writers > 0 || status.lastWrite.duration(to: .now) < Self.busyTime
        }
    }

    /// Says on every runner's channel that it is there, until the task is cancelled.
    func run() async {
        while (try? await Task.sleep(for: Self.keepAliveInterval)) != nil { keepAlive() }
    }

    func keepAlive() {
        for name in names.withLock({ Array($0.values) }) { write(RunnerAnswers.keepAlive, to: name) }
    }

    private func say(_ message: JSONTree, to runner: RunnerID) {
        if let name = name(of: runner) { write(message, to: name) }
    }

    /// Each message is a segment. Those that a runner has not read are kept within the channel's window, 30 s and more.
    private func write(_ message: JSONTree, to name: String) {
        guard case .channel(let relay) = table.find(name, for: .write), case .segment(let segment) = relay.open(nil, resets: false) else {
            return
        }
        if relay.append(ByteBuffer(string: message.text), to: segment) == nil {
            logger.warning("a runner's channel is full", metadata: ["channel": "\(name)"])
        }
        _ = relay.finish(segment)
    }

    /// RFC 3339 with nanoseconds, as far as the clock has them.
    private static func time() -> String {
        let now = wallClockNanoseconds()
        let date = Date(timeIntervalSince1970: Double(now / 1_000_000_000))
        let fraction = String(now % 1_000_000_000)
        let text = date.formatted(.iso8601)
        return "\(text.dropLast()).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)Z"
    }
}
