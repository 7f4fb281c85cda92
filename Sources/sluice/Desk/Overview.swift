import Foundation
import NIOCore
import SluiceGateway
import SluiceRouting
import SluiceTypes

/// How everything stands at one moment: what the console shows, once a second.
struct Overview: Codable, Sendable {
    struct Totals: Codable, Sendable {
        var streams: Int
        var maxStreams: Int
        var decisions: Int
        var missed: Int
        var lost: Int
        var hedgesWon: Int
        var hedgesLost: Int
        var hedgesWithheld: Int
        var retries: Int
        var canaries: Int
        var ejections: Int
    }

    /// Milliseconds since 1970.
    var at: Int64
    var startedAt: Int64
    var node: String
    var version: String
    var totals: Totals
    var streams: [StreamReport]
    var orchestrators: [OrchestratorLine]
    /// Whether players can be shown, which needs playlists of MPEG-TS.
    var hasPlaylists: Bool
}

/// An orchestrator in an overview: of all its kinds of work the one it does most.
struct OrchestratorLine: Codable, Sendable {
    var id: String
    /// `active`, `draining` or `blocked`, as operators ordered.
    var standing: String
    var isReachable: Bool
    /// As routing sees it: `healthy`, `suspect`, `ejected`, `halfOpen`; `nil` for one that gets nothing.
    var state: String?
    var ejectedForSeconds: Double?
    var operatorName: String?
    var region: String?
    var gpuModel: String?
    var gpuClass: String?
    var gpuSource: String?
    var weiPerPixel: Double?
    var roundTripMs: Double?
    var success: Double?
    var inFlight: Int
    var late: Int
    var streams: Int
    var streamLimit: Int?
    var workClass: String?
    /// For a segment of two seconds; the phases by their medians.
    var samples: Double?
    var p50Ms: Double?
    var p90Ms: Double?
    var p99Ms: Double?
    var uploadMs: Double?
    var workMs: Double?
    var firstByteMs: Double?
    var bodyMs: Double?

    /// - Parameters:
    ///   - entry: what the directory says; `nil` for one that was never asked.
    ///   - picture: what routing knows; `nil` for one it was never told of.
    init(_ told: OrchestratorRoster.Entry, _ entry: OrchestratorEntry?, _ picture: OrchestratorPicture?) {
        id = told.id.rawValue
        standing = told.standing.rawValue
        isReachable = told.standing != .blocked && entry?.isReachable ?? false
        state = told.standing == .active && picture?.isListed == true ? picture?.state.rawValue : nil
        ejectedForSeconds = picture?.ejectedFor?.tenths
        operatorName = entry?.operatorName ?? told.listed.operatorName
        region = entry?.region ?? told.listed.region
        gpuModel = entry?.gpu?.model ?? picture?.entry.gpu?.model ?? told.listed.gpu
        gpuClass = told.gpuClass ?? picture?.gpuClass?.rawValue ?? entry?.gpu?.gpuClass.rawValue
        gpuSource = told.gpuClass != nil ? "configured" : picture?.gpuSource?.rawValue
        weiPerPixel = entry?.price?.weiPerPixel
        roundTripMs = entry?.roundTrip.map { ($0 * 1000).tenths }
        success = picture?.success.thousandths
        inFlight = picture?.inFlight ?? 0
        late = picture?.late ?? 0
        streams = picture?.streams ?? 0
        streamLimit = picture?.streamLimit
        guard let best = picture?.works.max(by: { $0.total.samples < $1.total.samples }) else { return }
        workClass = best.workClass.description
        guard best.total.samples > 0 else { return }
        samples = best.total.samples.tenths
        p50Ms = (best.total.p50 * 1000).tenths
        p90Ms = (best.total.p90 * 1000).tenths
        p99Ms = (best.total.p99 * 1000).tenths
        uploadMs = (best.upload.p50 * 1000).tenths
        workMs = (best.work.p50 * 1000).tenths
        firstByteMs = (best.firstByte.p50 * 1000).tenths
        bodyMs = (best.body.p50 * 1000).tenths
    }
}

extension Double {
    /// Rounded to three places.
    var thousandths: Double { (self * 1000).rounded() / 1000 }
}
