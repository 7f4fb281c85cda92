import ArgumentParser

@main
struct Sluice: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A real-time video gateway and orchestrator for the Livepeer network.",
        version: version,
        subcommands: [
            GatewayCommand.self, OrchestratorCommand.self, DemoCommand.self, ExplainCommand.self, SimulateCommand.self,
            PublishCommand.self, DoctorCommand.self, CheckHLSCommand.self, MeasureCommand.self, TrickleCommand.self, OffersCommand.self,
            RegistryCommand.self,
        ])
}
