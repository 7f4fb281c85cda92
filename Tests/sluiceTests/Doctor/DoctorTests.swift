import Foundation
import SluiceNetwork
import Testing

@testable import sluice

@Suite(.serialized, .timeLimit(.minutes(1))) struct DoctorTests {
    private func findings(_ settings: String, _ flags: [String: String] = [:]) async throws -> [Finding] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-doctor-\(UUID().uuidString).yaml")
        try Data(settings.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return await Doctor(source: SettingsSource(file: file.path, flags: flags)).findings()
    }

    @Test func aSoundGatewayHasNoFault() async throws {
        let found = try await findings("rtmp: {port: 0}\nhttp: {port: 0}\nadmin: {port: 0}\n")
        #expect(!found.contains { $0.level == .fault }, "\(DoctorCommand.text(found))")
        for subject in ["settings", "ports", "libraries", "encoders", "gpu", "certificates", "clock", "limits", "orchestrators"] {
            #expect(found.contains { $0.subject == subject }, "\(subject)")
        }
        #expect(found.allSatisfy { $0.level == .good || $0.remedy?.isEmpty == false }, "whatever is not good has a remedy")
    }

    @Test func whatIsWrongIsFoundWithItsRemedy() async throws {
        try await RunningDesk.serving("profiles: none\n") { desk in
            let taken = desk.media.authority.port
            let found = try await findings(
                """
                rtmp: {host: 0.0.0.0, port: 0}
                http: {port: \(taken), certificate: /nowhere/cert.pem, key: /nowhere/key.pem}
                admin: {port: \(desk.admin.authority.port)}
                orchestrators: ["127.0.0.1:1", "no-such-host.invalid:8935"]
                """)
            func has(_ subject: String, _ level: Finding.Level, _ words: String, _ remedy: String) {
                #expect(
                    found.contains {
                        $0.subject == subject && $0.level == level && $0.words.contains(words) && ($0.remedy ?? "").contains(remedy)
                    }, "\(subject) \(words):\n\(DoctorCommand.text(found))")
            }
            has("ports", .note, "http 127.0.0.1:\(taken) is taken, by a Sluice gateway", "nothing")
            has("ports", .warning, "may publish under any name", "authWebhook")
            has("certificates", .fault, "cannot be read", "PEM")
            has("orchestrators", .fault, "127.0.0.1:1", "is it running")
            has("orchestrators", .fault, "no-such-host.invalid", "DNS")
        }
    }

    @Test func settingsThatCannotBeReadAreTheFirstFault() async throws {
        let found = try await findings("maxStreams: many\n")
        #expect(found.first?.level == .fault && found.first?.words.contains("maxStreams = 'many'") == true)
        #expect(DoctorCommand.text(found).contains("1 at fault"))
    }
}
