import SluiceNetwork
import SluiceRouting
import SluiceTypes

/// A directory whose entries have the class of their GPU, and what the operator says of them.
struct DescribedDirectory: OrchestratorDirectory {
    private let directory: any OrchestratorDirectory
    private let classes: GPUClassTable
    private let listed: [OrchestratorID: ListedOrchestrator]

    init(_ directory: any OrchestratorDirectory, classes: GPUClassTable, listed: [ListedOrchestrator]) throws {
        self.directory = directory
        self.classes = classes
        // Of one that stands twice the first counts.
        self.listed = try Dictionary(
            listed.map { (OrchestratorID(try OrchestratorAddress($0.address).description), $0) }, uniquingKeysWith: { first, _ in first })
    }

    var entries: [OrchestratorEntry] { directory.entries.map(described) }

    private func described(_ entry: OrchestratorEntry) -> OrchestratorEntry {
        var entry = entry
        if let told = listed[entry.id] {
            entry.region = told.region ?? entry.region
            entry.operatorName = told.operatorName ?? entry.operatorName
            if let model = told.gpu, let gpu = classes.gpu(model: model) {
                entry.gpu = gpu
                entry.gpuSource = .configured
                return entry
            }
        }
        // A chip that the table does not know is told by its times.
        entry.gpu = entry.gpu.flatMap { classes.gpu(model: $0.model, memory: $0.memory) }
        return entry
    }
}
