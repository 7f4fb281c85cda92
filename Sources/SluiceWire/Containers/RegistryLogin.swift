import Foundation
import SluiceTypes

/// Who asks a registry for its images, as a container engine passes it on.
package struct RegistryLogin: Sendable, CustomStringConvertible {
    private enum Proof: Sendable {
        case password(String)
        /// What a registry gave for a password.
        case token(String)
    }

    /// Docker's own, by the names it goes under.
    package static let hub = "docker.io"
    private static let hubNames: Set<String> = ["docker.io", "index.docker.io", "registry-1.docker.io"]
    /// How engines call it.
    private static let hubAddress = "https://index.docker.io/v1/"

    package let registry: String
    private let user: String
    private let proof: Proof

    package init(registry: String, user: String, password: String) {
        self.registry = registry
        self.user = user
        proof = .password(password)
    }

    private init(registry: String, token: String) {
        self.registry = registry
        user = ""
        proof = .token(token)
    }

    /// Who, for people.
    package var name: String { user.isEmpty ? "the bearer of a token" : user }
    package var description: String { "\(name) at \(registry)" }

    /// The value of `X-Registry-Auth` (Docker Engine API, "Authentication"): JSON in base64url.
    package var header: String {
        let address = registry == Self.hub ? Self.hubAddress : registry
        let json: JSONTree =
            switch proof {
            case .password(let password):
                .members(["username": .text(user), "password": .text(password), "serveraddress": .text(address)])
            case .token(let token): .members(["identitytoken": .text(token), "serveraddress": .text(address)])
            }
        return Data(json.text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }

    /// Where an image comes from: what stands before its first slash if that can be a host, else Docker's own.
    package static func registry(of image: String) -> String {
        guard let slash = image.firstIndex(of: "/") else { return hub }
        let first = image[..<slash]
        guard first == "localhost" || first.contains(where: { ".:".contains($0) }) else { return hub }
        return registry(named: String(first))
    }

    /// The same name for the same registry, also where it is written as a URL.
    package static func registry(named text: String) -> String {
        var name = text[...]
        for scheme in ["https://", "http://"] where name.hasPrefix(scheme) { name = name.dropFirst(scheme.count) }
        let host = name.prefix { $0 != "/" }.lowercased()
        return hubNames.contains(host) ? hub : host
    }

    /// What Docker's `config.json` has for a registry.
    ///
    /// - Returns: `nil` when it does not name it.
    /// - Throws: when its login is no login, or kept by a program (`credsStore`), which is not asked.
    package init?(to registry: String, dockerConfig json: JSONTree) throws(JSONFault) {
        let entry = Self.entry(registry, json["auths"])
        if let token = entry?.value["identitytoken"]?.string, !token.isEmpty {
            self.init(registry: registry, token: token)
            return
        }
        guard let text = entry?.value["auth"]?.string, !text.isEmpty else {
            let keeper = Self.entry(registry, json["credHelpers"])?.value.string ?? (entry == nil ? nil : json["credsStore"]?.string)
            if let keeper {
                throw JSONFault(
                    "the login for \(registry) is kept by docker-credential-\(keeper), which is not asked: name it in runners.registries")
            }
            return nil
        }
        // Docker pads the password with zeros.
        let plain = Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self).replacing("\0", with: "") } ?? ""
        guard let colon = plain.firstIndex(of: ":"), colon > plain.startIndex else {
            throw JSONFault("auths '\(entry?.key ?? "")': its auth is not USER:PASSWORD in base64")
        }
        self.init(registry: registry, user: String(plain[..<colon]), password: String(plain[plain.index(after: colon)...]))
    }

    private static func entry(_ name: String, _ json: JSONTree?) -> JSONTree.Member? {
        guard case .object(let members)? = json else { return nil }
        return members.first { registry(named: $0.key) == name }
    }
}
