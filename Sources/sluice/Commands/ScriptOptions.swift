import ArgumentParser

/// How an orchestrator plays a scenario instead of working.
struct ScriptOptions: ParsableArguments {
    @Option(
        help:
            "Play the orchestrators of this scenario (as for 'simulate') on ports from --port on, with all their faults, instead of working."
    )
    var script: String?
    @OptionGroup var part: ScenarioOptions
    @Option(help: "Chances of the play; one seed gives the same ones as in 'simulate'.") var seed: Int = 1
    @Flag(help: "Let nothing go wrong before a 'POST /begin' on the admin port.") var wait = false
    @Option(help: "Write whom to use and what to publish here as JSON, once all ports are open.") var readyFile: String?
}
