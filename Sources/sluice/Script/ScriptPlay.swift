import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import SluiceNetwork
import SluiceSimulation
import SluiceTypes

/// A scenario played on real ports: each of its orchestrators speaks the network's protocol and does as the scenario says.
struct ScriptPlay {
    /// Each has a port and a few connections.
    static let mostOrchestrators = 256
    /// Seconds after the scenario's end in which what is under way may finish.
    private static let drain = 10.0

    let scenario: Scenario
    let ports: [ScriptedPort]
    private let world: ScriptedWorld
    private let publications: [LivePublication]
    private let beginning = AsyncStream.makeStream(of: Never.self)

    /// - Parameter port: of the first orchestrator, the others follow; 0 takes free ones.
    init(
        _ scenario: Scenario, seed: UInt64, port: Int, group: any EventLoopGroup, logger: Logger
    ) throws {
        let live = try LiveWorld(scenario, seed: seed)
        guard live.names.count <= Self.mostOrchestrators else {
            throw SettingsError(
                "scenario '\(scenario.name)' has \(live.names.count) orchestrators; at most \(Self.mostOrchestrators) can be played")
        }
        guard port + live.names.count <= 1 << 16 else {
            throw SettingsError(
                "--port \(port): \(live.names.count) orchestrators need a port each; \((1 << 16) - live.names.count) is the highest that will do"
            )
        }
        let made = try SelfSignedCertificate.make(host: ScriptedPort.host)
        let tls = HTTPServerTLS(certificatePEM: made.certificatePEM, keyPEM: made.keyPEM)
        let world = ScriptedWorld(live, loop: group.next())
        self.scenario = scenario
        self.world = world
        publications = live.publications
        // Pictures can only be wrong where there are pictures.
        let studio = scenario.hasPictureFaults ? ScriptedStudio() : nil
        ports = live.names.indices.map {
            ScriptedPort(
                orchestrator: $0, port: port == 0 ? 0 : port + $0, world: world, studio: studio, tls: tls, group: group, logger: logger)
        }
    }

    func start() async throws {
        for port in ports { try await port.start() }
    }

    /// From now on things go wrong. Orchestrators answer before, and are well.
    ///
    /// - Returns: `false` when it has begun already.
    func begin() -> Bool {
        guard world.begin() else { return false }
        beginning.continuation.finish()
        return true
    }

    /// Ends by itself when the scenario is over.
    var services: [any Service] {
        let ports = ports
        let begun = beginning.stream
        let length = Duration.seconds(scenario.duration + Self.drain)
        return [
            BackgroundService {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for port in ports { group.addTask { try await port.run() } }
                    group.addTask {
                        for await _ in begun {}
                        try? await Task.sleep(for: length)
                    }
                    // Only the end of the play, or a port that cannot be had again, comes before a cancellation.
                    try await group.next()
                    group.cancelAll()
                }
            }
        ]
    }

    var status: ScriptStatus {
        ScriptStatus(
            scenario: scenario.name,
            orchestrators: ports.map { .init(name: world.names[$0.orchestrator], uri: $0.uri, tally: world.tally(of: $0.orchestrator)) })
    }

    /// Once started.
    func ready(admin: String) -> ScriptReady {
        ScriptReady(
            admin: admin, durationMs: scenario.duration * 1000,
            orchestrators: ports.map { .init(name: world.names[$0.orchestrator], uri: $0.uri) },
            streams: publications.map { .init($0) })
    }
}

/// What `/status` shows of a play.
struct ScriptStatus: Codable, Sendable {
    struct Orchestrator: Codable, Sendable {
        var name: String
        var uri: String
        var tally: LiveTally
    }

    var scenario: String
    var orchestrators: [Orchestrator]
}

/// What whoever drives a play has to know, as JSON: whom to use, and what to publish when.
struct ScriptReady: Codable, Sendable {
    struct Orchestrator: Codable, Sendable {
        var name: String
        var uri: String
    }

    struct Stream: Codable, Sendable {
        struct Rendition: Codable, Sendable {
            var width: Int
            var height: Int
            var fps: Double
            var bitrate: Double
        }

        var name: String
        /// After the beginning. The first segment is cut one `segmentMs` later.
        var opensMs: Double
        var segmentMs: Double
        var segments: Int
        var bitrate: Double
        var renditions: [Rendition]

        fileprivate init(_ publication: LivePublication) {
            name = publication.name.rawValue
            opensMs = publication.opens * 1000
            segmentMs = publication.segmentDuration * 1000
            segments = publication.segments
            bitrate = publication.bitrate
            renditions = publication.renditions.map {
                Rendition(width: $0.width, height: $0.height, fps: $0.frameRate, bitrate: $0.bitrate)
            }
        }
    }

    var admin: String
    var durationMs: Double
    var orchestrators: [Orchestrator]
    var streams: [Stream]

    /// Whole or not at all: whoever waits for the file reads it when it is there.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw SettingsError("--ready-file '\(path)' cannot be written: \(error.localizedDescription)")
        }
    }
}
