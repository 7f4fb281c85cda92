import Foundation
import SluiceTypes
import SluiceWire
import Testing

@Suite struct RegistryLoginTests {
    @Test(arguments: [
        ("worker", "docker.io"), ("team/worker:1", "docker.io"), ("docker.io/team/worker", "docker.io"),
        ("index.docker.io/a/b", "docker.io"),
        ("localhost/worker", "localhost"), ("localhost:5000/worker", "localhost:5000"), ("R.example.com/a/b@sha256:0", "r.example.com"),
        ("127.0.0.1:5000/worker", "127.0.0.1:5000"),
    ])
    func whereAnImageComesFromIsRead(_ image: String, _ registry: String) {
        #expect(RegistryLogin.registry(of: image) == registry)
    }

    private func json(_ login: RegistryLogin?) throws -> String {
        let text = try #require(login).header.replacing("-", with: "+").replacing("_", with: "/")
        return String(decoding: try #require(Data(base64Encoded: text)), as: UTF8.self)
    }

    @Test func dockersOwnIsCalledAsDockerCallsIt() throws {
        let login = RegistryLogin(registry: "docker.io", user: "me", password: "pw")
        #expect(try json(login) == #"{"username":"me","password":"pw","serveraddress":"https://index.docker.io/v1/"}"#)
        #expect("\(login)" == "me at docker.io", "no secret is said")
    }

    @Test func dockersConfigIsRead() throws {
        let config = try JSONTree(
            parsing: """
                {"auths":{"https://index.docker.io/v1/":{"auth":"\(Data("me:p:w".utf8).base64EncodedString())"},
                "r.example.com":{"identitytoken":"tok"},"kept.example.com":{},"bad.example.com":{"auth":"????"},
                "nameless.example.com":{"auth":"\(Data(":pw".utf8).base64EncodedString())"}},
                "credsStore":"desktop","credHelpers":{"g.example.com":"gcloud"}}
                """.utf8)
        #expect(try json(RegistryLogin(to: "docker.io", dockerConfig: config)).contains(#""username":"me","password":"p:w""#))
        #expect(
            try json(RegistryLogin(to: "r.example.com", dockerConfig: config))
                == #"{"identitytoken":"tok","serveraddress":"r.example.com"}"#)
        #expect(try RegistryLogin(to: "elsewhere.example.com", dockerConfig: config) == nil)
        for (registry, word) in [
            ("kept.example.com", "docker-credential-desktop"), ("g.example.com", "docker-credential-gcloud"),
            ("bad.example.com", "USER:PASSWORD"), ("nameless.example.com", "USER:PASSWORD"),
        ] {
            let fault = #expect(throws: JSONFault.self) { try RegistryLogin(to: registry, dockerConfig: config) }
            #expect(fault?.description.contains(word) == true, "\(registry)")
        }
    }
}
