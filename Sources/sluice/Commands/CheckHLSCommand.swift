import ArgumentParser
import SluiceNetwork
import SluiceWire

struct CheckHLSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-hls", abstract: "Check a live HLS or LL-HLS stream of any server against the rules of RFC 8216bis.",
        discussion: "Follows the stream as a player does. Exits 0 when no rule was broken, else 1. See docs/Measuring.md.")

    @Argument(help: "A multivariant or media playlist.") var url: String
    @Option(help: "How long to follow it, e.g. '30s'.") var duration = "30s"
    @Flag(help: "Advice (what the RFC says SHOULD be) counts as broken, too.") var strict = false

    func run() async throws {
        let seconds = try Seconds.option(duration, "--duration") ?? 30
        let findings = FindingList { print("\($0.place)  \($0.first)") }
        let address: WebAddress
        do { address = try WebAddress(url) } catch { throw ValidationError("\(error)") }
        let followed = try await HLSCheck(address: address, length: .seconds(seconds), findings: findings).run()
        let entries = findings.entries
        let breaches = entries.filter { !$0.first.rule.isAdvice }
        for entry in entries where entry.count > 1 {
            print("\(entry.place)  \(entry.first.rule.rawValue): \(entry.count) times")
        }
        print(
            "\(followed.count == 1 ? "1 playlist" : "\(followed.count) playlists") read \(findings.readings) times: "
                + "\(breaches.count) broken, \(entries.count - breaches.count) advised, of \(HLSRule.allCases.count) rules")
        if strict ? !entries.isEmpty : !breaches.isEmpty { throw ExitCode.failure }
    }
}
