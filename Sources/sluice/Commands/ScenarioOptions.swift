import ArgumentParser
import SluiceSimulation

/// Which part of a scenario, and how big.
struct ScenarioOptions: ParsableArguments {
    @Option(help: "Streams in all, instead of what the scenario says.") var streams: Int?
    @Option(help: "Where in the scenario to begin, e.g. '2m'.") var from: String?
    @Option(help: "Length of the run, e.g. '10m', instead of what the scenario says.") var duration: String?

    func apply(to scenario: Scenario) throws -> Scenario {
        var scenario = scenario
        if let streams {
            guard streams > 0 else { throw ValidationError("--streams \(streams): at least 1 is right") }
            scenario = scenario.with(streams: streams)
        }
        if let from {
            let seconds = try Self.seconds(from, of: "--from")
            guard seconds < scenario.duration else {
                throw ValidationError("--from \(from): scenario '\(scenario.name)' is over after \(scenario.duration) s")
            }
            scenario = scenario.starting(at: seconds)
        }
        if let duration {
            let seconds = try Self.seconds(duration, of: "--duration")
            guard seconds > 0 else { throw ValidationError("--duration '\(duration)': \(Quantity.duration.wish)") }
            scenario = try scenario.lasting(seconds)
        }
        return scenario
    }

    static func seconds(_ text: String, of option: String) throws -> Double {
        guard let seconds = Quantity.duration.value(of: text), seconds >= 0 else {
            throw ValidationError("\(option) '\(text)': \(Quantity.duration.wish)")
        }
        return seconds
    }
}
