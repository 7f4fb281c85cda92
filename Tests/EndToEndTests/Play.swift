import Foundation

/// Scripted orchestrators in a process of their own, and a gateway that knows no others.
struct Play {
    struct Ready: Decodable {
        struct Orchestrator: Decodable {
            let name: String
            let uri: String
        }

        let admin: String
        let orchestrators: [Orchestrator]
    }

    struct Status: Decodable {
        struct Orchestrator: Decodable {
            let name: String
            let tally: Tally
        }

        struct Tally: Decodable {
            let attempts: Int
            let failures: Int
            let crashes: Int
            let kills: [String: Int]
        }

        let orchestrators: [Orchestrator]
    }

    /// A routing decision, as far as these tests look at it.
    struct Decision: Decodable {
        struct Attempt: Decodable {
            let orchestrator: String
            let result: String
        }

        let sequence: Int
        let isMissed: Bool
        let failure: String?
        let attempts: [Attempt]
    }

    let script: Program
    let ready: Ready
    let gateway: RunningGateway

    /// Waits until the gateway has found every orchestrator of the scenario. Nothing goes wrong before `begin`.
    init(_ scenario: String, settings: String? = nil, profiles: String = "P240p30fps16x9,P360p30fps16x9") async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-play-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (file, readyFile) = (folder.appendingPathComponent("play.yaml"), folder.appendingPathComponent("ready.json"))
        try Data(scenario.utf8).write(to: file)
        let settingsFile = folder.appendingPathComponent("gateway.yaml")
        if let settings { try Data(settings.utf8).write(to: settingsFile) }
        let script = try Program([
            SluiceBinary.path, "orchestrator", "--script", file.path, "--wait", "--port", "0", "--admin-port", "0", "--ready-file",
            readyFile.path,
        ])
        let ready = try await eventually("the play is ready") {
            if !script.isRunning { throw Waited(description: "the play ended: \(script.text)") }
            return (try? Data(contentsOf: readyFile)).flatMap { try? JSONDecoder().decode(Ready.self, from: $0) }
        }
        let gateway = try await RunningGateway(
            (settings == nil ? [] : ["--config", settingsFile.path]) + ["--profiles", profiles]
                + ready.orchestrators.flatMap { ["--orchestrator", $0.uri] })
        _ = try await eventually("the gateway finds them") {
            gateway.program.text.components(separatedBy: "orchestrator found").count > ready.orchestrators.count ? true : nil
        }
        self.script = script
        self.ready = ready
        self.gateway = gateway
    }

    func begin() async throws {
        _ = try await Program.run(["curl", "-s", "-X", "POST", "\(ready.admin)/begin"])
    }

    func tally(_ name: String) async throws -> Status.Tally? {
        let status = try await decode(Status.self, "\(ready.admin)/status")
        return status.orchestrators.first { $0.name == name }?.tally
    }

    func decisions(_ stream: String) async throws -> [Decision] {
        try await decode([Decision].self, "\(gateway.admin)/routing/decisions?stream=\(stream)")
    }

    /// Pushes one segment of each stream at the same time; returns the statuses when all have been answered.
    func push(_ streams: [String], _ sequence: Int) async throws -> [String] {
        let file = SluiceFixture.path("media/av360p-3segments-\(sequence % 3).ts")
        let pushes = try streams.map { stream in
            try Program([
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Duration: 2000", "-H", "Accept: multipart/mixed",
                "--data-binary", "@\(file)", "\(gateway.http)/live/\(stream)/\(sequence).ts",
            ])
        }
        for push in pushes { _ = await push.status() }
        return pushes.map(\.text)
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ url: String) async throws -> Value {
        let text = try await Program.run(["curl", "-s", "--max-time", "5", url])
        return try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
