import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import SluiceTypes
import UnixSignals

struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Take live streams in, have them transcoded segment by segment, and serve the results.")

    @OptionGroup var options: GatewayOptions

    func run() async throws {
        let level = LogLevel(options.logLevel)
        let logger = Logging.make(label: "gateway", level: level)
        let loaded = try options.load()
        let assembly = try GatewayAssembly(loaded, logLevel: level, logger: logger)
        let ports = try await assembly.start()
        print(Greeting.gateway(loaded.settings, ports: ports))
        fflush(nil)
        let group = ServiceGroup(
            services: assembly.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }
}
