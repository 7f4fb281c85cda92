import Foundation

/// A token of the settings.
struct AccessTokenSettings: Hashable, Sendable, Decodable {
    /// Guessed at a million tries a second, sixteen characters last longer than anybody lives.
    static let shortest = 16
    static let most = 100

    private enum Key: String, CodingKey, CaseIterable { case name, role, token }

    /// Whose it is, for the log.
    var name: String
    var role: AccessRole
    var token: String

    /// - Parameter text: `ROLE:TOKEN`, as it stands in an environment variable.
    private init(text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let role = AccessRole(rawValue: parts[0]) else { throw SettingsError("ROLE:TOKEN is right") }
        self.init(name: parts[0], role: role, token: parts[1])
    }

    init(name: String, role: AccessRole, token: String) {
        self.name = name
        self.role = role
        self.token = token
    }

    init(from decoder: any Decoder) throws {
        let known = Key.allCases.map(\.rawValue)
        for name in try decoder.singleValueContainer().decode([String: String].self).keys where !known.contains(name) {
            throw SettingsError("unknown key '\(name)'; there is \(known.joined(separator: ", "))")
        }
        let container = try decoder.container(keyedBy: Key.self)
        role = try container.decode(AccessRole.self, forKey: .role)
        token = try container.decode(String.self, forKey: .token)
        name = try container.decodeIfPresent(String.self, forKey: .name) ?? role.rawValue
    }

    /// ## Configuration keys, under `admin`
    /// - `tokens` (list of objects with `role` (read | operate | admin), `token` and `name`, or in the environment
    ///   `ROLE:TOKEN,ROLE:TOKEN`; default empty: everybody who reaches the port may everything).
    static func read(_ reader: inout SettingsReader, prefix: String = "admin") throws -> [AccessTokenSettings] {
        let key = "\(prefix).tokens"
        let text = reader.text(key, default: "")
        let source = reader.source(of: key)
        // Never shown: a complaint ends up in a log.
        func complaint(_ wish: String) -> SettingsError { SettingsError(key: key, value: "…", source: source, wish: wish) }
        let tokens: [AccessTokenSettings]
        do {
            tokens =
                text.hasPrefix("[")
                ? try JSONDecoder().decode([AccessTokenSettings].self, from: Data(text.utf8))
                : try (reader.list(key) ?? []).map(AccessTokenSettings.init(text:))
        } catch let error as SettingsError { throw complaint(error.description) } catch {
            throw complaint("objects with role (read, operate or admin), token and name are right")
        }
        guard tokens.count <= most else { throw complaint("there are \(tokens.count); at most \(most) are right") }
        if let short = tokens.first(where: { $0.token.utf8.count < shortest }) {
            throw complaint(
                "the token of '\(short.name)' has \(short.token.utf8.count) characters; \(shortest) or more are right, as "
                    + "`openssl rand -hex 24` makes them")
        }
        guard Set(tokens.map(\.token)).count == tokens.count else { throw complaint("two of the tokens are the same") }
        return tokens
    }
}
