import Foundation
import Logging
import NIOCore
import SluiceGateway
import SluiceRouting
import SluiceTypes
import Synchronization

/// A running gateway as an operator sees and steers it; the admin API and the console are its two faces.
final class Desk: Sendable {
    let table: StreamTable
    let route: RouteStage
    let directory: DescribedDirectory
    let levels: ServiceLevels
    let roster: OrchestratorRoster
    let board: StreamBoard
    let feed: EventFeed
    let quotas: QuotaBook
    let logger: Logger
    private let startedAt = DeskNote.now
    private let health: Mutex<[OrchestratorID: Health.State]> = Mutex([:])

    init(
        table: StreamTable, route: RouteStage, directory: DescribedDirectory, levels: ServiceLevels, roster: OrchestratorRoster,
        board: StreamBoard, feed: EventFeed, quotas: QuotaBook, logger: Logger
    ) {
        self.quotas = quotas
        self.table = table
        self.route = route
        self.directory = directory
        self.levels = levels
        self.roster = roster
        self.board = board
        self.feed = feed
        self.logger = logger
    }

    /// Tells of ejections, and once a second of how everything stands, until it is cancelled.
    func run() async {
        // By the clock, so that what a look takes does not come on top of the second.
        var next = ContinuousClock.now
        while !Task.isCancelled {
            watchHealth()
            keepQuotas()
            feed.tick {
                var frame = ByteBuffer(string: "event: overview\ndata: ")
                // What would not be a number anywhere in it is a fault of ours; the next one may do.
                do { try DirectJSON.write(overview, to: &frame) } catch {
                    logger.error("no overview", metadata: ["reason": "\(error)"])
                    frame = ByteBuffer(string: "event: overview\ndata: {}")
                }
                frame.writeString("\n\n")
                return frame
            }
            next = max(next + .seconds(1), .now + .milliseconds(100))
            do { try await Task.sleep(until: next, tolerance: .zero, clock: .continuous) } catch { return }
        }
    }

    private func keepQuotas() {
        for order in quotas.look(at: Market.now) {
            switch order {
            case .suspend(let stream):
                table.suspendRenditions(of: stream, true)
                feed.publish(.change, DeskNote(words: "its tenant's money of today is spent: no renditions", stream: stream.rawValue))
            case .resume(let stream):
                table.suspendRenditions(of: stream, false)
                feed.publish(.change, DeskNote(words: "its tenant has money again: renditions go on", stream: stream.rawValue))
            case .stop(let stream):
                guard table.stop(stream) else { continue }
                feed.publish(.change, DeskNote(words: "its tenant's money of today is spent: stopped", stream: stream.rawValue))
            }
        }
    }

    private func watchHealth() {
        let now = route.health
        let before = health.withLock { health in
            defer { health = now }
            return health
        }
        for (id, state) in now where state != before[id] {
            if state == .ejected {
                feed.publish(.ejection, DeskNote(words: "left out after faults", orchestrator: id.rawValue))
            } else if before[id] == .ejected || before[id] == .halfOpen, state == .healthy {
                feed.publish(.recovery, DeskNote(words: "takes part again", orchestrator: id.rawValue))
            }
        }
    }

    var streams: [StreamReport] {
        let rows = board.all
        return table.summaries.map { StreamReport($0, rows[$0.listing.id]) }
    }

    var orchestrators: [OrchestratorLine] {
        let pictures = Dictionary(route.picture.map { ($0.entry.id, $0) }) { first, _ in first }
        let entries = Dictionary(directory.all.map { ($0.id, $0) }) { first, _ in first }
        return roster.entries.map { OrchestratorLine($0, entries[$0.id], pictures[$0.id]) }
    }

    var overview: Overview {
        let counts = route.counts
        let settings = table.settings
        let streams = streams
        return Overview(
            at: DeskNote.now, startedAt: startedAt, node: HostName.own, version: Sluice.version,
            totals: Overview.Totals(
                streams: streams.count { $0.isLive }, maxStreams: settings.maxStreams,
                decisions: counts.decisions.values.reduce(0, +), missed: counts.misses, lost: counts.lost,
                hedgesWon: counts.hedges[.won] ?? 0, hedgesLost: counts.hedges[.lost] ?? 0, hedgesWithheld: counts.hedges[.withheld] ?? 0,
                retries: counts.retries, canaries: counts.canaries, ejections: counts.ejections),
            streams: streams, orchestrators: orchestrators, hasPlaylists: settings.playlistWindow > 0)
    }

    /// An order of an operator: in the log, and to all who listen.
    func ordered(_ words: String, by visitor: Access.Visitor, stream: String? = nil, orchestrator: String? = nil) {
        logger.notice("operator", metadata: ["order": "\(words)", "by": "\(visitor.name)"])
        feed.publish(.change, DeskNote(words: words, stream: stream, orchestrator: orchestrator, by: visitor.name))
    }
}
