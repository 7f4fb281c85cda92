import Foundation
import SluiceSimulation
import Testing

@testable import sluice

@Suite struct SimulateOptionsTests {
    /// The text of the error that the closure ends with.
    private func complaint(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "no error"
    }

    @Test func aPolicyIsANameWithSettings() throws {
        let plain = try PolicyChoice("reference")
        #expect(plain.name == "reference" && plain.settings.isEmpty)
        let choice = try PolicyChoice("default:latency=0.5,hedgeBudget=10%")
        #expect(choice.name == "default" && choice.settings == ["latency": 0.5, "hedgeBudget": 0.1])
        #expect(choice.with("latency", 0.7).settings == ["latency": 0.7, "hedgeBudget": 0.1])
    }

    @Test(arguments: [
        "default:", "default:latency", "default:latency=", "default:=1", "default:latency=fast", "default:a=1,,b=2", "default:a=1=2",
    ])
    func aSettingWithoutANumberIsRefused(text: String) {
        let text = complaint { _ = try PolicyChoice(text) }
        #expect(text.contains("--policy") && text.contains("SETTING=NUMBER"), "\(text)")
    }

    @Test func aSettingSetTwiceIsRefused() {
        #expect(complaint { _ = try PolicyChoice("default:a=1,a=2") }.contains("'a' is set twice"))
    }

    @Test func policiesAreMadeByName() throws {
        for name in Policies.names { _ = try Policies.make(PolicyChoice(name)) }
        let unknown = complaint { _ = try Policies.make(PolicyChoice("fastest")) }
        #expect(unknown.contains("no policy 'fastest'") && unknown.contains("reference"))
        #expect(complaint { _ = try Policies.make(PolicyChoice("referense")) }.contains("did you mean 'reference'?"))
        let setting = complaint { _ = try Policies.make(PolicyChoice("reference:maxAttempt=5")) }
        #expect(setting.contains("no setting 'maxAttempt'") && setting.contains("did you mean 'maxAttempts'?"))
        #expect(complaint { _ = try Policies.make(PolicyChoice("reference:maxAttempts=0")) }.contains("from 1 to 100"))
        _ = try Policies.make(PolicyChoice("reference:maxAttempts=5,goodScore=0.8"))
    }

    @Test func aSweepIsARangeInEvenSteps() throws {
        let range = try SweepRange("latency=0.3..1.0")
        #expect(range.setting == "latency" && range.values == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
        #expect(try SweepRange("hedgeBudget=0%..10%/3").values == [0, 0.05, 0.1])
    }

    @Test(arguments: [
        "latency", "latency=1", "latency=1..0", "latency=0..1/1", "latency=0..1/1000", "=0..1", "latency=a..b", "latency=0..1/2/3",
    ])
    func whatIsNoRangeIsRefused(text: String) {
        let text = complaint { _ = try SweepRange(text) }
        #expect(text.contains("--sweep") && text.contains("latency=0.3..1.0/15"), "\(text)")
    }

    private static let scenario = Scenario(
        name: "made-up", duration: 600,
        streams: [StreamGroup(count: 20, startsOver: 30), StreamGroup(count: 10, start: 300, startsOver: 10, end: 400)],
        orchestrators: [OrchestratorModel(name: "berlin")])

    @Test(arguments: [(30, [20, 10]), (3, [2, 1]), (1, [1]), (1000, [667, 333]), (7, [5, 2])]) func streamsAreDealtOut(
        count: Int, groups: [Int]
    ) {
        let scenario = Self.scenario.with(streams: count)
        #expect(scenario.streams.map(\.count) == groups)
        #expect(scenario.check() == [])
    }

    @Test func aShorterRunLeavesOutWhatWouldComeLater() throws {
        let scenario = try Self.scenario.lasting(20)
        #expect(scenario.duration == 20 && scenario.streams.map(\.count) == [20] && scenario.streams[0].startsOver == 20)
        #expect(scenario.check() == [])
        let late = Scenario(name: "late", streams: [StreamGroup(count: 1, start: 100)], orchestrators: [OrchestratorModel(name: "a")])
        #expect(complaint { _ = try late.lasting(50) }.contains("no stream of scenario 'late'"))
    }

    @Test func scenariosAreFoundByPathAndByName() throws {
        #expect(ScenarioSource.shippedNames.contains("stall"))
        #expect(try ScenarioSource.find("stall").scenario.name == "stall")
        let text = complaint { _ = try ScenarioSource.find("stal") }
        #expect(text.contains("'stal'") && text.contains("did you mean 'stall'?") && text.contains("calm"))
        #expect(complaint { _ = try ScenarioSource.find("/nowhere/x.yaml") }.contains("/nowhere/x.yaml"))
    }

    @Test func theBarSaysHowFarItIs() {
        let line = ProgressBar.line(0.25, after: .seconds(10))
        #expect(line.filter { $0 == "█" }.count == 10 && line.filter { $0 == "░" }.count == 30)
        #expect(line.contains("25 %") && line.contains("30 s to go"))
        #expect(!ProgressBar.line(0, after: .seconds(1)).contains("to go"))
        #expect(ProgressBar.line(1, after: .seconds(1)).contains("100 %"))
    }
}
