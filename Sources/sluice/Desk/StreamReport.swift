import SluiceGateway
import SluiceTypes

/// A stream at the admin API and on the console.
struct StreamReport: Codable, Sendable {
    struct Rendition: Codable, Sendable {
        var name: String
        var width: Int?
        var height: Int?
        var published: Int
        var gaps: Int
    }

    var id: String
    var isLive: Bool
    var origin: String?
    var tenant: String?
    /// Milliseconds since 1970.
    var startedAt: Int64?
    var width: Int?
    var height: Int?
    var frameRate: Double?
    /// Of the newest source segment.
    var bitsPerSecond: Double?
    var segmentMs: Double?
    var renditions: [Rendition]
    var sourceBytes: Int
    var renditionBytes: Int
    /// Who brought the newest segment back.
    var orchestrator: String?
    var sequence: Int64?
    var finishMs: Double?
    var targetMs: Double?
    var deadlineMs: Double?
    var segments: Int
    var missed: Int
    var lost: Int
    var hedges: Int
    var retries: Int
    var costWei: Double
    /// Finish times of the last segments in ms, the newest last; `null` for one that was lost.
    var recentMs: [Double?]
    /// How many of those came past their deadline, or never.
    var recentMissed: Int

    init(_ summary: StreamSummary, _ row: StreamBoard.Row?) {
        let listing = summary.listing
        let source = listing.variants.first
        id = listing.id.rawValue
        isLive = summary.isLive
        origin = summary.origin?.rawValue
        tenant = row?.tenant
        startedAt = row?.started
        width = source?.width
        height = source?.height
        frameRate = source?.frameRate.map(\.tenths)
        bitsPerSecond = summary.newest.flatMap { $0.durationMs > 0 ? (Double($0.bytes) * 8000 / $0.durationMs).rounded() : nil }
        segmentMs = summary.newest?.durationMs.tenths
        renditions = listing.variants.map {
            Rendition(name: $0.name, width: $0.width, height: $0.height, published: $0.published, gaps: $0.gaps)
        }
        sourceBytes = listing.sourceBytes
        renditionBytes = listing.renditionBytes
        orchestrator = row?.orchestrator?.rawValue
        sequence = row.flatMap { $0.sequence >= 0 ? $0.sequence : nil } ?? summary.newest?.sequence
        finishMs = row?.finishMs
        targetMs = row?.targetMs
        deadlineMs = row?.deadlineMs
        segments = row?.segments ?? 0
        missed = row?.missed ?? 0
        lost = row?.lost ?? 0
        hedges = row?.hedges ?? 0
        retries = row?.retries ?? 0
        costWei = row?.costWei ?? 0
        recentMs = row?.recent ?? []
        recentMissed = row?.recentMisses.nonzeroBitCount ?? 0
    }
}
