import ArgumentParser
import Foundation
import SluiceGateway
import SluiceRouting
import SluiceSimulation
import SluiceTypes

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Compare routing policies in a modelled world.",
        discussion:
            "Scenarios are files of config/scenarios (or their names), your own, or traces recorded by a gateway; see docs/Simulator.md.")

    /// A summary needs memory for the figures of each, and nobody waits for more.
    private static let mostSeeds = 1000

    @Argument(help: "A scenario: a shipped name such as 'stall', a YAML file, or a trace (.jsonl).") var scenario: String?
    @Option(help: "Instead of a scenario: what the gateway with this admin port (http://host:port) has measured.") var gateway: String?
    @Option(help: "A policy, e.g. 'reference' or 'default:latency=0.5,hedgeBudget=0.1'; repeat to compare. All there are.")
    var policy: [String] = []
    @Option(help: "Runs of each policy, every one with other chances.") var seeds: Int = 10
    @Option(help: "Write the figures here as JSON.") var json: String?
    @Option(help: "Write a report with plots here; one file for a browser.") var html: String?
    @Option(help: "Try the first policy at several values of a setting, e.g. 'latency=0.3..1.0'.") var sweep: String?
    @OptionGroup var part: ScenarioOptions

    func run() async throws {
        guard (1...Self.mostSeeds).contains(seeds) else { throw ValidationError("--seeds \(seeds): 1 to \(Self.mostSeeds) is right") }
        let sweep = try sweep.map(SweepRange.init)
        let choices = try (policy.isEmpty ? Policies.names : policy).map(PolicyChoice.init)
        if let twin = Dictionary(grouping: choices, by: \.text).first(where: { $0.value.count > 1 })?.key {
            throw ValidationError("--policy '\(twin)' is there twice")
        }
        let found = try await world()
        for note in found.notes { FileHandle.standardError.write(Data("\(note)\n".utf8)) }
        let simulation = try Simulation(
            try part.apply(to: found.scenario), settings: RunSettings(curvePoints: 2000, timelineStreams: 100),
            gpu: { GPUClassTable().gpu(model: $0) ?? GPU(vendor: "", model: $0, gpuClass: GPUClass($0)) })
        let world = ReportedWorld(scenario: simulation.scenario, seeds: seeds, settings: simulation.settings)
        let comparison = Comparison(simulation: simulation, seeds: seeds)
        if let sweep {
            let swept = try await self.sweep(sweep, of: choices[0], with: comparison)
            print(SweepReport.render(world, swept), terminator: "")
            try write(world, [], sweep: swept)
        } else {
            let policies = try choices.map { (name: $0.text, make: try Policies.make($0)) }
            let progress = ProgressBar(runs: policies.count * seeds)
            let reported = try await comparison.run(policies, progress: progress)
            progress.finish()
            warn(of: reported)
            print(TextReport.render(world, reported), terminator: "")
            try write(world, reported, sweep: nil)
        }
    }

    private func world() async throws -> (scenario: Scenario, notes: [String]) {
        switch (scenario, gateway) {
        case (let scenario?, nil):
            let found = try ScenarioSource.find(scenario)
            return (found.scenario, found.note.map { [$0] } ?? [])
        case (nil, let gateway?): return try await measured(by: gateway)
        // What would it cost here: the gateway of this machine is meant.
        case (nil, nil) where sweep != nil: return try await measured(by: AdminClient.usual)
        default:
            throw ValidationError(
                "either a scenario or --gateway: sluice simulate stall, or sluice simulate --gateway \(AdminClient.usual)")
        }
    }

    private func measured(by gateway: String) async throws -> (scenario: Scenario, notes: [String]) {
        let client = try AdminClient(gateway)
        let live = try LiveScenario(
            name: gateway, try await client.get([OrchestratorReport].self, "/routing/orchestrators"),
            try await client.get(GatewayStatus.self, "/status"))
        return (live.scenario, live.notes)
    }

    private func sweep(_ range: SweepRange, of choice: PolicyChoice, with comparison: Comparison) async throws -> Sweep {
        let policies = try range.values.map { value in
            (name: "\(range.setting)=\(value)", make: try Policies.make(choice.with(range.setting, value)))
        }
        let progress = ProgressBar(runs: policies.count * seeds)
        let reported = try await comparison.run(policies, progress: progress)
        progress.finish()
        warn(of: reported)
        return Sweep(setting: range.setting, points: zip(range.values, reported).map { Sweep.Point(value: $0, policy: $1) })
    }

    /// A policy that broke its side of the protocol is a bug, and its figures are not to be trusted.
    private func warn(of reported: [ReportedPolicy]) {
        for policy in reported where policy.record.policyFaultCount > 0 {
            let first = policy.record.policyFaults.first.map { ", first: \($0)" } ?? ""
            let text = "policy \(policy.name) broke the rules of the simulator \(policy.record.policyFaultCount) times\(first)\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
    }

    private func write(_ world: ReportedWorld, _ policies: [ReportedPolicy], sweep: Sweep?) throws {
        if let json { try write(try JSONReport.render(world, policies, sweep: sweep), to: json, option: "--json") }
        if let html { try write(HTMLReport.render(world, policies, sweep: sweep), to: html, option: "--html") }
    }

    private func write(_ text: String, to path: String, option: String) throws {
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw SettingsError("\(option) '\(path)' cannot be written: \(error.localizedDescription)")
        }
    }
}
