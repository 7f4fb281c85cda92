import Foundation
import SluiceSimulation
import Testing

@testable import sluice

@Suite struct ShippedScenarioTests {
    private static let folder: URL = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("config/scenarios")
    }()

    private static let names = [
        "all-slow", "answer-at-once", "busy", "calm", "crash", "flaky-network", "herd", "mixed-gpu", "price-jump", "stall",
    ]

    private func load(_ name: String) throws -> Scenario {
        try ScenarioFile.read(Self.folder.appendingPathComponent("\(name).yaml").path)
    }

    @Test func allOfThemAreKnownHere() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(files.map { String($0.dropLast(5)) }.sorted() == Self.names)
    }

    @Test(arguments: names) func everyOneCanBeRunAndSaysWhatItIs(name: String) throws {
        let scenario = try load(name)
        #expect(scenario.name == name && !scenario.about.isEmpty && scenario.duration == 600)
        #expect(scenario.check() == [])
    }

    /// What a file promises is in its numbers.
    @Test(arguments: names) func orchestratorsHaveTheRoomThatStreamsNeed(name: String) throws {
        let scenario = try load(name)
        // Seconds of lane time that a second of the run needs, on a card of the mean speed, against the lanes there are.
        let pixels = scenario.streams.reduce(0) { $0 + Double($1.count) * $1.outputPixelRate }
        let room = scenario.orchestrators.reduce(0) { $0 + Double($1.count * $1.service.lanes) * $1.service.pixelsPerSecond }
        #expect(pixels < room * 0.7, "\(name): \(pixels) of \(room) pixels per second")
    }

    @Test func oneOfFiveStallsForTenSecondsEveryMinute() throws {
        let scenario = try load("stall")
        #expect(scenario.orchestrators.count == 5)
        #expect(scenario.orchestrators.map(\.faults.count).sorted() == [0, 0, 0, 0, 1])
        let fault = try #require(scenario.orchestrators.flatMap(\.faults).first)
        #expect(fault.kind == .stall && fault.lasts == 10 && fault.every == 60)
    }

    @Test func crashesComeInEveryStage() throws {
        let kinds = Set(try load("crash").orchestrators.flatMap(\.faults).map(\.kind))
        #expect(kinds.isSuperset(of: FaultModel.Stage.allCases.map { .crashDuring($0) }))
    }

    @Test func allAreSlowAtTheSameTime() throws {
        let faults = try load("all-slow").orchestrators.map(\.faults)
        #expect(Set(faults).count == 1 && faults[0].count == 1)
    }

    @Test func theHerdIsTwoHundredGatewaysAndTwentyOrchestrators() throws {
        let scenario = try load("herd")
        #expect(scenario.gateways == 200 && scenario.orchestrators.reduce(0) { $0 + $1.count } == 20)
    }

    @Test func someoneAnswersAtOnce() throws {
        let scenario = try load("answer-at-once")
        let model = try #require(scenario.orchestrators.first)
        #expect(scenario.orchestrators.count == 1 && model.count == 1 && model.faults.isEmpty)
        #expect(model.service.fixed == 0 && model.network.roundTrip == 0)
    }
}
