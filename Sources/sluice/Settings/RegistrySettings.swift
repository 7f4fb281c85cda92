import Foundation
import NIOPosix
import SluiceTypes
import SluiceWire

/// What an orchestrator knows of registries that want a login for their images. Files are read again before each pull: what is in them
/// may be renewed.
struct RegistrySettings: Sendable {
    private enum Password: Sendable {
        case given(String)
        case file(String)
    }

    private struct Entry: Sendable {
        var registry: String
        var user: String
        var password: Password
    }

    private enum Key: String, CaseIterable {
        case host, username, password, passwordFile
    }

    private static let most = 100
    private static let longestText = 8 << 10
    /// Docker's own has a few hundred bytes.
    private static let largestFile = 1 << 20

    private var entries: [Entry] = []
    private var dockerConfig: String?

    /// ## Configuration keys
    /// - `runners.registries` (list of objects with `host`, `username`, and `password` or `passwordFile`; default empty): logins for
    ///   registries. `docker.io` is Docker's own.
    /// - `runners.dockerConfig` (path, default none): Docker's `config.json`, whose `auths` are used for registries that the list lacks.
    init(_ reader: inout SettingsReader) throws {
        let list = reader.text("runners.registries", default: "")
        if !list.isEmpty {
            let place = "runners.registries (\(reader.source(of: "runners.registries")))"
            // None of it is shown: secrets are in it.
            guard let found = (try? JSONTree(parsing: list.utf8))?.elements, found.count <= Self.most else {
                throw SettingsError(
                    "\(place): a list of at most \(Self.most) objects with host, username, and password or passwordFile is right")
            }
            for (index, json) in found.enumerated() { entries.append(try Self.entry(json, "\(place)[\(index)]")) }
            guard Set(entries.map(\.registry)).count == entries.count else { throw SettingsError("\(place): a host is there twice") }
        }
        dockerConfig = reader.text("runners.dockerConfig")
        // What is wrong from the beginning is said at the beginning.
        for entry in entries { if case .file(let path) = entry.password { _ = try Self.password(at: path) } }
        if let dockerConfig { _ = try Self.json(at: dockerConfig) }
    }

    private static func entry(_ json: JSONTree, _ place: String) throws -> Entry {
        guard case .object(let members) = json else { throw SettingsError("\(place): an object with host and username is right") }
        if let odd = members.first(where: { Key(rawValue: $0.key) == nil }) {
            let known = Key.allCases.map(\.rawValue)
            throw SettingsError("\(place): '\(odd.key)' is no key of a registry; right are \(known.joined(separator: ", "))")
        }
        func text(_ key: Key) throws -> String? {
            guard let value = json[key.rawValue], !value.isNull else { return nil }
            guard let text = value.string, !text.isEmpty, text.utf8.count <= longestText else {
                throw SettingsError(
                    "\(place).\(key.rawValue): a text of 1 to \(longestText) bytes is right; what looks like a number needs quotes")
            }
            return text
        }
        guard let host = try text(.host) else { throw SettingsError("\(place): host is required, such as registry.example.com:5000") }
        guard let user = try text(.username) else { throw SettingsError("\(place): username is required") }
        let password: Password
        switch (try text(.password), try text(.passwordFile)) {
        case (let given?, nil): password = .given(given)
        case (nil, let path?): password = .file(path)
        default: throw SettingsError("\(place): one of password and passwordFile is right")
        }
        return Entry(registry: RegistryLogin.registry(named: host), user: user, password: password)
    }

    /// - Returns: `nil` when nothing is known of it: it may give its images to anybody.
    @Sendable func login(to registry: String) async throws(RunnerFault) -> RegistryLogin? {
        do {
            return try await NIOThreadPool.singleton.runIfActive { () throws -> RegistryLogin? in
                if let entry = entries.first(where: { $0.registry == registry }) {
                    let password =
                        switch entry.password {
                        case .given(let text): text
                        case .file(let path): try Self.password(at: path)
                        }
                    return RegistryLogin(registry: registry, user: entry.user, password: password)
                }
                guard let dockerConfig else { return nil }
                let json = try Self.json(at: dockerConfig)
                do { return try RegistryLogin(to: registry, dockerConfig: json) } catch {
                    throw SettingsError("runners.dockerConfig '\(dockerConfig)': \(error)")
                }
            }
        } catch { throw RunnerFault(.other, "no login for \(registry): \(error)") }
    }

    private static func password(at path: String) throws -> String {
        var text = String(decoding: try content(of: path, limit: longestText), as: UTF8.self)
        // What an editor, or echo, puts behind it.
        while let last = text.last, last.isNewline { text.removeLast() }
        guard !text.isEmpty else { throw SettingsError("the password file '\(path)' is empty") }
        return text
    }

    private static func json(at path: String) throws -> JSONTree {
        let content = try content(of: path, limit: largestFile)
        guard let json = try? JSONTree(parsing: content), case .object = json["auths"] ?? .object([]), case .object = json else {
            throw SettingsError("runners.dockerConfig '\(path)': JSON as Docker writes it, with auths, is right")
        }
        return json
    }

    private static func content(of path: String, limit: Int) throws -> Data {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw SettingsError("the file '\(path)' cannot be read") }
        defer { try? handle.close() }
        let content = try handle.read(upToCount: limit + 1) ?? Data()
        guard content.count <= limit else { throw SettingsError("the file '\(path)' has more than \(limit) bytes") }
        return content
    }
}
