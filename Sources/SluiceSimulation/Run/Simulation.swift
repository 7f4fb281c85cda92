package import SluiceTypes

/// Runs a scenario: many gateways, each with a policy of its own, in one simulated world.
///
/// The same scenario, settings, policies and seed give the same record to the last bit, on every machine.
package struct Simulation: Sendable {
    /// A policy for one gateway.
    ///
    /// - Parameters:
    ///   - gateway: counts from 0.
    ///   - seed: for the chances the policy itself draws; differs between gateways.
    package typealias PolicyFactory = (_ gateway: Int, _ seed: UInt64) -> any RoutingPolicy

    package let scenario: Scenario
    package let settings: RunSettings
    private let gpu: @Sendable (String) -> GPU?

    /// - Parameters:
    ///   - gpu: what the name of a GPU in the scenario stands for; without it gateways get to know the name and no class.
    /// - Throws: `ImpossibleScenario` when `Scenario.check` has found something.
    package init(
        _ scenario: Scenario, settings: RunSettings = .init(),
        gpu: @escaping @Sendable (String) -> GPU? = { GPU(vendor: "", model: $0, gpuClass: GPUClass("unlisted")) }
    ) throws(ImpossibleScenario) {
        let faults = scenario.check()
        guard faults.isEmpty else { throw ImpossibleScenario(scenario: scenario.name, faults: faults) }
        self.scenario = scenario
        self.settings = settings
        self.gpu = gpu
    }

    /// - Parameter progress: called with the share of the virtual time that is over, about a hundred times.
    package func run(seed: UInt64, policy: PolicyFactory, progress: ((Double) -> Void)? = nil) -> RunRecord {
        let world = World(scenario, seed: seed, drain: settings.drain, gpu: gpu)
        let policies = (0..<scenario.gateways).map { policy($0, world.noise.word(.policy, $0)) }
        var run = SimulatedRun(world: world, policies: policies, settings: settings)
        run.carryOut(progress: progress)
        return run.ledger.record(of: run.world, seed: seed, settings: settings)
    }
}

package struct ImpossibleScenario: Error, CustomStringConvertible {
    package let scenario: String
    package let faults: [ScenarioFault]

    package var description: String {
        "scenario \(scenario) cannot be run: " + faults.map(\.description).joined(separator: "; ")
    }
}
