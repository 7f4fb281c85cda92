import ArgumentParser
import Foundation

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say in words why segments of a live stream went where they went.")

    @Argument(help: "The stream.") var stream: String
    @Argument(help: "The segment; without it the newest ones, a line each.") var sequence: Int64?
    @Option(help: "Admin port of the gateway, host:port.") var admin = AdminClient.usual
    @Option(help: "How many of the newest segments.") var last = 10

    func run() async throws {
        guard last > 0 else { throw ValidationError("--last \(last): at least 1 is right") }
        let client = try AdminClient(admin)
        let name = stream.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? stream
        // A stream that has ended has decisions and no level any more.
        if let level = try? await client.get(ServiceLevelAnswer.self, "/routing/sla?stream=\(name)"), !level.check.isMet {
            print("what is promised cannot be kept: \(level.check.words)")
        }
        var path = "/routing/decisions?stream=\(name)"
        if let sequence { path += "&sequence=\(sequence)" }
        let reports = try await client.get([DecisionReport].self, path)
        if sequence == nil {
            for report in reports.suffix(last) { print("\(report.sequence)  \(report.sentence)") }
        } else {
            for report in reports { print(report.words) }
        }
    }
}
