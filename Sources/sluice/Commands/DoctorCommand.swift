import ArgumentParser
import Foundation

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything a gateway needs on this machine and around it; say what is wrong and what to do.",
        discussion: "Ends with status 1 when something is at fault, so that a deployment can ask it first.")

    @OptionGroup var options: GatewayOptions
    @Flag(help: "Print the findings as JSON.") var json = false

    func run() async throws {
        let findings = await Doctor(source: SettingsSource(file: options.config, flags: options.overrides)).findings()
        print(json ? try Self.json(findings) : Self.text(findings))
        if findings.contains(where: { $0.level == .fault }) { throw ExitCode.failure }
    }

    private static func json(_ findings: [Finding]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(findings), as: UTF8.self)
    }

    static func text(_ findings: [Finding]) -> String {
        let mark: [Finding.Level: String] = [.good: "ok   ", .note: "note ", .warning: "warn ", .fault: "FAULT"]
        var lines: [String] = []
        for finding in findings {
            let subject = finding.subject.padding(toLength: 13, withPad: " ", startingAt: 0)
            lines.append("\(mark[finding.level] ?? "") \(subject) \(finding.words)")
            if let remedy = finding.remedy { lines.append("                    → \(remedy)") }
        }
        let faults = findings.count { $0.level == .fault }
        let warnings = findings.count { $0.level == .warning }
        lines.append("")
        lines.append(
            faults + warnings == 0
                ? "Nothing is at fault." : "\(faults) at fault, \(warnings) to look at; the arrows say what to do.")
        return lines.joined(separator: "\n")
    }
}
