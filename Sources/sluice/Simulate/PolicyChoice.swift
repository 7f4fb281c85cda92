import SluiceRouting
import SluiceSimulation

/// A policy as the command line names it: `reference`, or `default:latency=0.5,hedgeBudget=0.1`.
struct PolicyChoice: Hashable, Sendable {
    /// As written; its name in reports.
    let text: String
    let name: String
    private(set) var settings: [String: Double]

    /// - Throws: `SettingsError` naming the policy and what would be right.
    init(_ text: String) throws(SettingsError) {
        self.text = text
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        settings = [:]
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            let sides = pair.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[0].isEmpty, let value = Quantity.share.value(of: String(sides[1])) else {
                throw SettingsError("--policy '\(text)': '\(pair)' is not SETTING=NUMBER, as in default:latency=0.5,hedgeBudget=0.1")
            }
            guard settings.updateValue(value, forKey: String(sides[0])) == nil else {
                throw SettingsError("--policy '\(text)': '\(sides[0])' is set twice")
            }
        }
    }

    /// The same policy with one setting at this value.
    func with(_ setting: String, _ value: Double) -> PolicyChoice {
        var choice = self
        choice.settings[setting] = value
        return choice
    }
}

/// The policies a scenario can be run with.
enum Policies {
    /// One for each gateway, with a seed for its own chances.
    typealias Factory = @Sendable (_ gateway: Int, _ seed: UInt64) -> any RoutingPolicy

    static let names = ["default", "reference"]

    /// Makes policies by name: the place where a new policy is made known to `sluice simulate`.
    ///
    /// - Throws: `SettingsError` naming the policy, or the setting it does not have.
    static func make(_ choice: PolicyChoice) throws(SettingsError) -> Factory {
        switch choice.name {
        case "default":
            try refuseOthers(than: RoutingChange.names, in: choice)
            var settings = RoutingSettings()
            for (name, value) in choice.settings { RoutingChange.apply(name, value, to: &settings) }
            let changed = settings
            return { _, seed in RouterPolicy(settings: changed, seed: seed) }
        case "reference":
            // What an operator of the reference can set (`-maxAttempts`), and the threshold its authors argue about.
            let known = ["maxAttempts", "goodScore"]
            try refuseOthers(than: known, in: choice)
            var settings = ReferenceSettings()
            if let attempts = choice.settings["maxAttempts"] {
                guard let attempts = Int(exactly: attempts), (1...100).contains(attempts) else {
                    throw SettingsError("policy '\(choice.text)': maxAttempts = \(attempts); a whole number from 1 to 100 is right")
                }
                settings.maxAttempts = attempts
            }
            if let score = choice.settings["goodScore"] {
                guard (0...100).contains(score) else {
                    throw SettingsError("policy '\(choice.text)': goodScore = \(score); a number from 0 to 100 is right")
                }
                settings.goodScore = score
            }
            return { [settings] _, _ in ReferencePolicy(settings: settings) }
        default:
            let nearest = NearestKey.of(choice.name, among: names).flatMap {
                NearestKey.distance(choice.name, $0) <= 3 ? "; did you mean '\($0)'?" : nil
            }
            throw SettingsError("there is no policy '\(choice.name)'; there is \(names.joined(separator: ", "))\(nearest ?? "")")
        }
    }

    private static func refuseOthers(than known: [String], in choice: PolicyChoice) throws(SettingsError) {
        guard let stray = choice.settings.keys.sorted().first(where: { !known.contains($0) }) else { return }
        let nearest = NearestKey.of(stray, among: known).map { "; did you mean '\($0)'?" } ?? "; it has none"
        throw SettingsError("policy '\(choice.name)' has no setting '\(stray)'\(nearest)")
    }
}
