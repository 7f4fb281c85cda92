import Foundation
import Testing

@testable import sluice

/// The commented files in config/ say the defaults, all of them and nothing else.
@Suite struct ReferenceFileTests {
    private func path(_ name: String) -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("config/\(name)").path
    }

    private func reader(_ file: String?) throws -> SettingsReader {
        try SettingsReader(file: file, flags: [:], environment: [:])
    }

    @Test func gatewayFileSaysTheDefaults() throws {
        var reference = try reader(path("gateway.yaml"))
        var empty = try reader(nil)
        let read = try GatewayFileSettings(&reference)
        try reference.finish()
        #expect("\(read)" == "\(try GatewayFileSettings(&empty))")
    }

    @Test func orchestratorFileSaysTheDefaults() throws {
        var reference = try reader(path("orchestrator.yaml"))
        var empty = try reader(nil)
        let read = try OrchestratorFileSettings(&reference)
        try reference.finish()
        #expect("\(read)" == "\(try OrchestratorFileSettings(&empty))")
    }

    @Test(arguments: ["gateway.yaml", "orchestrator.yaml"]) func everyKeyIsInTheReferenceFile(name: String) throws {
        let text = try String(contentsOfFile: path(name), encoding: .utf8)
        var reader = try reader(nil)
        if name == "gateway.yaml" {
            _ = try GatewayFileSettings(&reader)
        } else {
            _ = try OrchestratorFileSettings(&reader)
        }
        for key in reader.keys {
            let last = key.split(separator: ".").last.map(String.init) ?? key
            #expect(text.contains("\(last):"), "\(key) is not in \(name)")
        }
    }
}
