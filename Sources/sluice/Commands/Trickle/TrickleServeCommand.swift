import ArgumentParser
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SluiceNetwork
import SluiceTypes
import SluiceWire
import UnixSignals

struct TrickleServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Serve trickle channels.")

    @Option(help: "Address to listen on; whoever reaches it can write to channels whose names they know.") var host = "127.0.0.1"
    @Option(help: "Port to listen on.") var port = 3390
    @Option(help: "Port for /healthz, /metrics and /status, on 127.0.0.1.") var adminPort: Int?
    @Option(help: "Path above the channels.") var base = TrickleEndpoint.orchestratorBase
    @Option(help: "Make a channel NAME or NAME=MIME with one secret URL for reading and one for writing; repeat for more.")
    var channel: [String] = []
    @Flag(inversion: .prefixedNo, help: "Let a POST make the channel it names.") var autocreate = true
    @Flag(help: "Tell in the channel _changes which channels come and go.") var changefeed = false
    @Flag(help: "Serve HTTPS, with a certificate made at start.") var tls = false
    @Option(help: "Seconds that segments are kept.") var keep = 30
    @Option(help: "Mebibytes that all channels together may hold.") var memory = 1024
    @Option(help: "Log level: trace, debug, info, notice, warning, error.") var logLevel = "info"

    func validate() throws {
        guard base.hasPrefix("/"), base.hasSuffix("/") else { throw ValidationError("--base '\(base)': begins and ends with /") }
        guard (0...3600).contains(keep) else { throw ValidationError("--keep \(keep): 0 to 3600 is right") }
        guard (1...1 << 20).contains(memory) else { throw ValidationError("--memory \(memory): 1 to \(1 << 20) is right") }
    }

    func run() async throws {
        let logger = Logging.make(label: "trickle", level: logLevel)
        var settings = TrickleTable.Settings()
        settings.autocreate = autocreate
        settings.changefeed = changefeed
        settings.limits.keepTime = .seconds(keep)
        settings.mostBytes = memory << 20
        let registry = MetricRegistry()
        let table = TrickleTable(settings: settings, registry: registry, logger: logger)
        let made = try channel.map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts.first ?? text, try table.createPair(parts.first ?? text, contentType: parts.count > 1 ? parts[1] : ""))
        }
        let group = MultiThreadedEventLoopGroup.singleton
        var credentials: HTTPServerTLS?
        if tls {
            let certificate = try SelfSignedCertificate.make(host: host)
            credentials = HTTPServerTLS(certificatePEM: certificate.certificatePEM, keyPEM: certificate.keyPEM)
        }
        let server = HTTPServer(
            host: host, port: port, tls: credentials, responder: NoPage(), loop: TrickleEndpoint(table: table, base: base), group: group,
            logger: logger)
        let root = "\(tls ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(try await server.start())\(base)"
        print("trickle channels at \(root)NAME")
        for (name, names) in made { print("\(name): write \(root)\(names.write)\n\(name): read \(root)\(names.read)") }
        // Walked backwards at the end: readers get their end before the connections are closed.
        var services: [any Service] = [
            ServerService(serve: { try await server.run() }, stop: { await server.shutdown() })
        ]
        if let adminPort {
            let admin = HTTPServer(
                host: "127.0.0.1", port: adminPort, tls: nil,
                responder: AdminEndpoint(registry: registry, status: { TrickleReport(table) }), group: group, logger: logger)
            print("status at http://127.0.0.1:\(try await admin.start())/status")
            services.append(ServerService(serve: { try await admin.run() }, stop: { await admin.shutdown() }))
        }
        services.append(BackgroundService { await table.run() })
        fflush(nil)
        try await ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
    }
}

/// Above the channels.
private struct NoPage: HTTPResponder {
    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        try await writer.send(
            .notFound, headers: [.contentType: "text/plain; charset=utf-8"], body: ByteBuffer(string: "404 page not found\n"))
    }
}
