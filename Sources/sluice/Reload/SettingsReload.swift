import Foundation
import Logging
import NIOPosix
import Synchronization

/// Takes up changed settings while streams run: when the file is written, on SIGHUP, and when an operator says so.
///
/// The whole file is read and checked first; one that has a fault changes nothing. What is bound at the start keeps its value and is
/// named as waiting for the next one.
final class SettingsReload: Sendable {
    struct State: Sendable {
        var file: String?
        /// Milliseconds since 1970.
        var loadedAt: Int64
        var problem: String?
        var waitingForRestart: [String] = []
        var settings: [EffectiveSetting]
    }

    struct Report: Codable, Sendable {
        /// Keys whose value is another now.
        var changed: [String]
        /// Keys whose new value waits for the next start.
        var waitingForRestart: [String]
        var notes: [String]
    }

    private struct Loaded {
        /// What runs.
        var settings: GatewayFileSettings
        /// What was read at the start, for what is bound then.
        let started: [String: SettingsReader.Effective]
        var present: [String: SettingsReader.Effective]
        /// Of the file that was taken up last.
        var look: FileLook?
        var state: State
    }

    /// Between two looks at the file.
    private static let interval: Duration = .seconds(1)

    private let source: SettingsSource
    private let loaded: Mutex<Loaded>
    /// One at a time; a second waits for the first.
    private let turn = Turn()
    private let apply: @Sendable (_ old: GatewayFileSettings, _ new: GatewayFileSettings) async throws -> [String]
    private let feed: EventFeed
    private let logger: Logger

    /// - Parameter apply: takes up what can be taken up; throws before it has changed anything. Returns what an operator should know.
    init(
        _ start: LoadedSettings, feed: EventFeed, logger: Logger,
        apply: @escaping @Sendable (_ old: GatewayFileSettings, _ new: GatewayFileSettings) async throws -> [String]
    ) {
        source = start.source
        loaded = Mutex(
            Loaded(
                settings: start.settings, started: start.effective, present: start.effective, look: start.look,
                state: State(file: start.source.file, loadedAt: DeskNote.now, settings: EffectiveSetting.all(start.effective))))
        self.apply = apply
        self.feed = feed
        self.logger = logger
    }

    var state: State { loaded.withLock { $0.state } }

    /// - Parameter ifMatch: the ETag of `GET /api/v1/config` that an operator saw.
    /// - Throws: `SettingsError` naming key, file and line; nothing was changed then.
    @discardableResult
    func reload(by visitor: Access.Visitor, if ifMatch: String? = nil) async throws -> Report {
        await turn.take()
        defer { turn.give() }
        guard EntityTag(of: state.settings).satisfies(ifMatch) else { throw APIProblem.changedMeanwhile("the settings") }
        do {
            let fresh = try await source.read()
            return try await take(fresh, by: visitor)
        } catch {
            let error = (error as? SettingsError) ?? SettingsError("\(error)")
            let isNews = loaded.withLock { loaded in
                defer { loaded.state.problem = error.description }
                return loaded.state.problem != error.description
            }
            if isNews { logger.error("settings not taken up", metadata: ["reason": "\(error)", "by": "\(visitor.name)"]) }
            feed.publish(.change, DeskNote(words: "the settings were not taken up: \(error)", by: visitor.name))
            throw error
        }
    }

    /// The signal that asks daemons to read their settings again.
    func hangUp() async { _ = try? await reload(by: Access.Visitor(name: "SIGHUP", role: .admin)) }

    private func take(_ fresh: LoadedSettings, by visitor: Access.Visitor) async throws -> Report {
        let (old, before, started) = loaded.withLock { ($0.settings, $0.present, $0.started) }
        let notes = try await apply(old, fresh.settings)
        let keys = Set(before.keys).union(fresh.effective.keys)
        let changed = keys.filter { before[$0]?.value != fresh.effective[$0]?.value }.sorted()
        let waiting = keys.filter { EffectiveSetting.needsRestart($0) && started[$0]?.value != fresh.effective[$0]?.value }.sorted()
        loaded.withLock { loaded in
            loaded.settings = fresh.settings
            loaded.present = fresh.effective
            loaded.look = fresh.look
            loaded.state.problem = nil
            loaded.state.loadedAt = DeskNote.now
            loaded.state.waitingForRestart = waiting
            loaded.state.settings = EffectiveSetting.all(fresh.effective)
        }
        let report = Report(changed: changed.filter { !EffectiveSetting.needsRestart($0) }, waitingForRestart: waiting, notes: notes)
        let words =
            changed.isEmpty
            ? "read the settings again: nothing has changed"
            : "took up settings: \(changed.joined(separator: ", "))"
                + (waiting.isEmpty ? "" : "; a restart is needed for \(waiting.joined(separator: ", "))")
        logger.notice("settings", metadata: ["changed": "\(changed)", "waiting for a restart": "\(waiting)", "by": "\(visitor.name)"])
        for note in notes { logger.warning("settings", metadata: ["note": "\(note)"]) }
        feed.publish(.change, DeskNote(words: ([words] + notes).joined(separator: "; "), by: visitor.name))
        return report
    }

    /// Looks after the file until it is cancelled.
    func watch() async {
        guard let file = source.file else { return }
        var seen: FileLook?
        var tried: FileLook?
        while !Task.isCancelled {
            let now = try? await NIOThreadPool.singleton.runIfActive { FileLook.of(file) }
            // Not there, or empty, is a file that is being replaced; one that changes from one look to the next is being written.
            if let now, now == seen, now != tried, now != loaded.withLock({ $0.look }), now.size > 0 {
                tried = now
                _ = try? await reload(by: Access.Visitor(name: "change of \(file)", role: .admin))
            }
            seen = now
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }
}

/// Lets one in after the other, in order.
private final class Turn: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.isTaken else {
                    state.isTaken = true
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
