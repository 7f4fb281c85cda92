import SluiceTypes

/// A runner of some orchestrator, as this gateway knows it (`/api/v1/runners`).
struct RunnerLine: Codable, Sendable {
    var app: String
    var orchestrator: String
    /// Of its URL there.
    var path: String
    var version: String
    var mode: String
    var gpu: String?
    var memoryMB: Int?
    var capacity: Int
    var available: Int
    var priceUSD: Double?
    /// `hour`, `720p` (an hour of that) or `fixed` (a session).
    var priceUnit: String?
    /// To an answer's head; not there where nobody has asked it yet.
    var medianMs: Double?
    var p90Ms: Double?
    /// It is not left out for what it did lately.
    var isWell: Bool

    init(_ runner: RemoteRunner, _ measure: AppMeasure?) {
        app = runner.app
        orchestrator = runner.orchestrator.rawValue
        path = runner.path
        version = runner.version
        mode = runner.mode.rawValue
        gpu = runner.gpu?.name
        memoryMB = runner.gpu.flatMap { $0.memoryMB > 0 ? $0.memoryMB : nil }
        capacity = runner.capacity
        available = runner.available
        priceUSD = runner.price?.amount
        priceUnit = runner.price?.unit.rawValue
        medianMs = measure?.median.map { ($0 * 1000).tenths }
        p90Ms = measure?.p90.map { ($0 * 1000).tenths }
        isWell = measure?.isWell ?? true
    }

    static func all(in directory: any AppDirectory) -> [RunnerLine] {
        let measures = directory.measures
        return directory.runners.map { RunnerLine($0, measures[$0.id]) }
            .sorted { ($0.app, $0.orchestrator, $0.path) < ($1.app, $1.orchestrator, $1.path) }
    }
}
