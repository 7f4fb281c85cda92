import SluiceNetwork
import SluiceRouting
import SluiceTypes
import Synchronization

/// A directory whose entries have the class of their GPU, and what the operator says of them.
final class DescribedDirectory: OrchestratorDirectory {
    /// Names of GPUs that were looked up; there are fewer in the world.
    private static let mostKnown = 1000

    private let directory: any OrchestratorDirectory
    private let classes: GPUClassTable
    private let listed: [OrchestratorID: ListedOrchestrator]
    /// The table is walked once for a name, not for every entry several times a second.
    private let known: Mutex<[String: GPU?]> = Mutex([:])

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
            if let model = told.gpu, let gpu = gpu(model) {
                entry.gpu = gpu
                entry.gpuSource = .configured
                return entry
            }
        }
        // A chip that the table does not know is told by its times.
        entry.gpu = entry.gpu.flatMap { declared in
            var gpu = gpu(declared.model)
            gpu?.memory = declared.memory
            return gpu
        }
        return entry
    }

    private func gpu(_ model: String) -> GPU? {
        known.withLock { known in
            if let found = known[model] { return found }
            let gpu = classes.gpu(model: model)
            if known.count < Self.mostKnown { known[model] = .some(gpu) }
            return gpu
        }
    }
}
