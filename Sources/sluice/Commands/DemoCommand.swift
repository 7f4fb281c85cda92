import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import SluiceGateway
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "A gateway, and FFmpeg publishing a moving picture with sound to it by RTMP.")

    @OptionGroup var options: GatewayOptions
    @Option(help: "A model that works on the picture while it is live; some orchestrator must have it.") var pipeline: String?
    @Flag(help: "Publish for 20 s, check every rendition, print the figures, and exit 0 or 1.") var once = false

    func run() async throws {
        let logger = Logging.make(label: "demo", level: once || options.logLevel != "info" ? options.logLevel : "warning")
        var flags = options.overrides
        // A check must not fail because a gateway runs already: free ports, unless some were asked for.
        if once { for key in ["rtmp.port", "http.port", "admin.port"] where flags[key] == nil { flags[key] = "0" } }
        let loaded = try SettingsSource(file: options.config, flags: flags).load()
        let settings = loaded.settings
        let assembly = try GatewayAssembly(loaded, logger: logger)
        let ports = try await assembly.start()
        print(Greeting.gateway(settings, ports: ports))
        let demo = Demo(
            assembly: assembly, profiles: settings.role.profiles, rtmpPort: ports.rtmp, httpPort: ports.http, once: once,
            pipeline: pipeline)
        let verdict = Verdict()
        let services = assembly.services + [DemoService(demo: demo, verdict: verdict)]
        var configuration = ServiceGroupConfiguration(
            services: services.dropLast().map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        configuration.services.append(
            .init(
                service: services[services.count - 1], successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup))
        try await ServiceGroup(configuration: configuration).run()
        if once, let failure = verdict.failure {
            print("demo FAILED: \(failure)")
            throw ExitCode.failure
        }
    }
}

/// The publisher's time, as a service: it ends the group when it is over.
private struct DemoService: Service {
    let demo: Demo
    let verdict: Verdict

    func run() async throws {
        await cancelWhenGracefulShutdown {
            do {
                try await demo.run()
                verdict.passed()
            } catch {
                verdict.failed("\(error)")
            }
        }
    }
}
