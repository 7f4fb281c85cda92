import SluiceRouting
import SluiceTypes

/// An orchestrator as routing sees it (`GET /routing/orchestrators`). Times are milliseconds for a segment of two seconds.
struct OrchestratorReport: Codable, Sendable {
    struct Phase: Codable, Sendable {
        var peakMs: Double
        var p50Ms: Double
        var p90Ms: Double
        var p99Ms: Double
        var samples: Double

        init(_ phase: OrchestratorPicture.Phase) {
            peakMs = (phase.peak * 1000).tenths
            p50Ms = (phase.p50 * 1000).tenths
            p90Ms = (phase.p90 * 1000).tenths
            p99Ms = (phase.p99 * 1000).tenths
            samples = phase.samples.tenths
        }
    }

    struct Work: Codable, Sendable {
        var workClass: String
        var upload: Phase
        var work: Phase
        var firstByte: Phase
        var body: Phase
        var total: Phase
    }

    var id: String
    var isListed: Bool
    var isReachable: Bool
    var version: String
    var operatorName: String?
    var region: String?
    var weiPerPixel: Double?
    var roundTripMs: Double?
    var state: String
    var ejectedForSeconds: Double?
    var faultsInRow: Int
    var ejections: Int
    var success: Double
    var inFlight: Int
    var late: Int
    var streams: Int
    var streamLimit: Int?
    var gpuModel: String?
    var gpuClass: String?
    var gpuSource: String?
    var gpuConfidence: Double?
    var works: [Work]

    init(_ picture: OrchestratorPicture) {
        id = picture.entry.id.rawValue
        isListed = picture.isListed
        isReachable = picture.entry.isReachable
        version = picture.entry.version
        operatorName = picture.entry.operatorName
        region = picture.entry.region
        weiPerPixel = picture.entry.price?.weiPerPixel
        roundTripMs = picture.entry.roundTrip.map { ($0 * 1000).tenths }
        state = picture.state.rawValue
        ejectedForSeconds = picture.ejectedFor?.tenths
        faultsInRow = picture.faultsInRow
        ejections = picture.ejections
        success = picture.success
        inFlight = picture.inFlight
        late = picture.late
        streams = picture.streams
        streamLimit = picture.streamLimit
        gpuModel = picture.entry.gpu?.model
        gpuClass = picture.gpuClass?.rawValue
        gpuSource = picture.gpuSource?.rawValue
        gpuConfidence = picture.gpuConfidence
        works = picture.works.map { work in
            Work(
                workClass: work.workClass.description, upload: .init(work.upload), work: .init(work.work),
                firstByte: .init(work.firstByte), body: .init(work.body), total: .init(work.total))
        }
    }
}
