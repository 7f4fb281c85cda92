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
        let report = picture.map(OrchestratorReport.init)
        id = told.id.rawValue
        standing = told.standing.rawValue
        isReachable = told.standing != .blocked && entry?.isReachable ?? false
        state = told.standing == .active && picture?.isListed == true ? report?.state : nil
        ejectedForSeconds = report?.ejectedForSeconds
        operatorName = entry?.operatorName ?? told.listed.operatorName
        region = entry?.region ?? told.listed.region
        gpuModel = entry?.gpu?.model ?? report?.gpuModel ?? told.listed.gpu
        gpuClass = told.gpuClass ?? report?.gpuClass ?? entry?.gpu?.gpuClass.rawValue
        gpuSource = told.gpuClass != nil ? "configured" : report?.gpuSource
        weiPerPixel = entry?.price?.weiPerPixel
        roundTripMs = entry?.roundTrip.map { ($0 * 1000).tenths }
        success = report?.success.thousandths
        inFlight = report?.inFlight ?? 0
        late = report?.late ?? 0
        streams = report?.streams ?? 0
        streamLimit = report?.streamLimit
        let best = report?.works.max { $0.total.samples < $1.total.samples }
        workClass = best?.workClass
        guard let best, best.total.samples > 0 else { return }
        samples = best.total.samples
        p50Ms = best.total.p50Ms
        p90Ms = best.total.p90Ms
        p99Ms = best.total.p99Ms
        uploadMs = best.upload.p50Ms
        workMs = best.work.p50Ms
        firstByteMs = best.firstByte.p50Ms
        bodyMs = best.body.p50Ms
    }
}

extension Double {
    /// Rounded to three places.
    var thousandths: Double { (self * 1000).rounded() / 1000 }
}
