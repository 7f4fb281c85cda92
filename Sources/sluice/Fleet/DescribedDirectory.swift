import SluiceNetwork
import SluiceRouting
import SluiceTypes
import Synchronization

/// A directory of those that the operator lets work, with the class of their GPUs, and what the operator says of them.
final class DescribedDirectory: OrchestratorDirectory {
    /// Names of GPUs that were looked up; there are fewer in the world.
    private static let mostKnown = 1000

    private struct Table {
        var classes: GPUClassTable
        /// The table is walked once for a name, not for every entry several times a second.
        var known: [String: GPU?] = [:]
    }

    private let directory: any OrchestratorDirectory
    private let roster: OrchestratorRoster
    private let table: Mutex<Table>
    /// What runners are there for single requests, which BYOC calls capabilities.
    private let streamApps: @Sendable (OrchestratorID) -> Set<String>

    init(
        _ directory: any OrchestratorDirectory, classes: GPUClassTable, roster: OrchestratorRoster,
        streamApps: @escaping @Sendable (OrchestratorID) -> Set<String> = { _ in [] }
    ) {
        self.streamApps = streamApps
        self.directory = directory
        self.roster = roster
        table = Mutex(Table(classes: classes))
    }

    func renew(_ classes: GPUClassTable) { table.withLock { $0 = Table(classes: classes) } }

    var entries: [OrchestratorEntry] {
        let told = roster.byID
        return directory.entries.compactMap { entry in
            let told = told[entry.id]
            guard told.map({ $0.standing == .active }) ?? true else { return nil }
            return described(entry, told)
        }
    }

    func entry(_ id: OrchestratorID) -> OrchestratorEntry? {
        let told = roster.entry(id)
        guard told.map({ $0.standing == .active }) ?? true else { return nil }
        return directory.entry(id).map { described($0, told) }
    }

    func whenChanged(_ tell: @escaping @Sendable (OrchestratorID) -> Void) { directory.whenChanged(tell) }

    /// Also of those that get no work.
    var all: [OrchestratorEntry] {
        let told = roster.byID
        return directory.entries.map { described($0, told[$0.id]) }
    }

    private func described(_ entry: OrchestratorEntry, _ told: OrchestratorRoster.Entry?) -> OrchestratorEntry {
        var entry = entry
        entry.streamApps = streamApps(entry.id)
        if !entry.streamApps.isEmpty { entry.capabilities.insert(.byoc) }
        if let told {
            entry.region = told.listed.region ?? entry.region
            entry.operatorName = told.listed.operatorName ?? entry.operatorName
            if let gpuClass = told.gpuClass {
                entry.gpu = GPU(vendor: "", model: told.listed.gpu ?? entry.gpu?.model ?? "", gpuClass: GPUClass(gpuClass))
                entry.gpuSource = .configured
                return entry
            }
            if let model = told.listed.gpu, let gpu = gpu(model) {
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
        table.withLock { table in
            if let found = table.known[model] { return found }
            let gpu = table.classes.gpu(model: model)
            if table.known.count < Self.mostKnown { table.known[model] = .some(gpu) }
            return gpu
        }
    }
}
