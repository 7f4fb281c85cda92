import Foundation
import HTTPTypes
import SluiceNetwork
import Testing

@testable import sluice

/// Who may what at the admin port.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AccessTests {
    private static let settings = """
        profiles: none
        orchestrators: ["127.0.0.1:1"]
        admin:
          tokens:
            - {name: grafana, role: read, token: read-token-0123456}
            - {name: shift, role: operate, token: operate-token-0123}
            - {name: ops, role: admin, token: admin-token-012345}
        """
    private static func bearer(_ role: String) -> HTTPFields {
        let tokens = ["read": "read-token-0123456", "operate": "operate-token-0123", "admin": "admin-token-012345"]
        return [.authorization: "Bearer \(tokens[role] ?? role)"]
    }

    @Test func eachRoleMayWhatItMay() async throws {
        try await RunningDesk.serving(Self.settings) { desk in
            let one = "/api/v1/orchestrators/127.0.0.1%3A1"
            let orders: [(HTTPRequest.Method, String, String, AccessRole)] = [
                (.get, "/metrics", "", .read), (.get, "/status", "", .read), (.get, "/api/v1/streams", "", .read),
                (.get, "/routing/orchestrators", "", .read), (.get, "/getBroadcastConfig", "", .read), (.get, "/api/v1/config", "", .read),
                (.post, "/api/v1/whatif", #"{"sla": {}}"#, .read), (.patch, "/api/v1/sla", #"{"latency": "60%"}"#, .operate),
                (.post, "/routing/sla", #"{"latency": "60%"}"#, .operate),
                (.post, "/setBroadcastConfig?transcodingOptions=P144p30fps16x9", "", .operate),
                (.get, "/setBroadcastConfig?transcodingOptions=P144p30fps16x9", "", .operate),
                (.patch, one, #"{"standing": "active"}"#, .operate), (.patch, one, #"{"gpuClass": "cpu"}"#, .admin),
                (.post, "/api/v1/config/reload", "", .admin),
            ]
            for (method, path, body, needed) in orders {
                for role in AccessRole.allCases {
                    let answer = try await desk.ask(method, path, body, Self.bearer(role.rawValue))
                    let isLetIn = (200..<300).contains(answer.status)
                    #expect(isLetIn == (role >= needed), "\(role) \(method) \(path): \(answer)")
                    if !isLetIn { #expect(answer.status == 403 && (answer.fault["right"] as? String)?.contains(needed.rawValue) == true) }
                }
                for fields in [[:], Self.bearer("wrong-token-0123456"), [.authorization: "Basic abc"]] as [HTTPFields] {
                    let answer = try await desk.ask(method, path, body, fields)
                    #expect(
                        answer.status == 401 && answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true,
                        "\(method) \(path): \(answer)")
                    #expect(answer.fault["right"] is String)
                }
            }
            #expect(try await desk.get("/healthz").status == 200, "a probe has no token")
            #expect(try await desk.get("/console/").status == 200, "the page has nothing to hide")
        }
    }

    @Test func ourOwnCommandsHaveTokensToo() async throws {
        try await RunningDesk.serving(Self.settings) { desk in
            let address = desk.admin.authority.name
            let list = try await AdminClient(address, token: "read-token-0123456").get([OrchestratorReport].self, "/routing/orchestrators")
            #expect(list.map(\.id) == ["https://127.0.0.1:1"])
            do {
                _ = try await AdminClient(address, token: nil).get("/status")
                Issue.record("let in without a token")
            } catch { #expect("\(error)".contains("a token is needed here; put one into SLUICE_ADMIN_TOKEN"), "\(error)") }
        }
    }

    @Test func aBrowserKeepsItsTokenInACookie() async throws {
        try await RunningDesk.serving(Self.settings) { desk in
            let opened = try await desk.ask(.post, "/api/v1/session", "", Self.bearer("operate"))
            #expect(opened.status == 200 && opened.object["role"] as? String == "operate")
            let cookie = try #require(opened.headers[.setCookie])
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            let pair = String(cookie.prefix { $0 != ";" })
            #expect(try await desk.get("/api/v1/me", [.cookie: "other=1; \(pair)"]).object["name"] as? String == "shift")
            #expect(try await desk.get("/api/v1/me", [.cookie: "sluice_token=nothing-of-the-kind"]).status == 401)
            #expect(try await desk.ask(.post, "/api/v1/session", "", Self.bearer("wrong-token-0123456")).status == 401)
            let closed = try await desk.ask(.delete, "/api/v1/session", "", [.cookie: pair])
            #expect(closed.status == 204 && closed.headers[.setCookie]?.contains("Max-Age=0") == true)
        }
    }

    @Test func pagesOfOtherSitesSteerNothing() async throws {
        try await RunningDesk.serving("profiles: none\n") { desk in
            let own = desk.admin.authority.name
            for (origin, status) in [("http://\(own)", 200), ("https://evil.example", 403), ("null", 403)] {
                let answer = try await desk.ask(.patch, "/api/v1/sla", #"{"latency": "60%"}"#, [.origin: origin])
                #expect(answer.status == status, "\(origin): \(answer)")
            }
            let site = HTTPField.Name.secFetchSite
            for path in ["/setLogLevel?loglevel=6", "/api/v1/streams", "/api/v1/config", "/status", "/routing/orchestrators"] {
                for (said, status) in [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)] {
                    let answer = try await desk.get(path, [site: said])
                    #expect(answer.status == status, "\(path) \(said): \(answer)")
                }
            }
            #expect(try await desk.get("/console/", [site: "cross-site"]).status == 200, "a link leads to the console")
            #expect(try await desk.get("/healthz", [site: "cross-site"]).status == 200)
            // Without tokens everybody on this machine may everything.
            #expect(try await desk.get("/api/v1/me").object["role"] as? String == "admin")
        }
    }

    @Test func aNameThatWasMadeToPointHereIsNoOrigin() async throws {
        let head = HTTPRequest(
            method: .post, scheme: "http", authority: "evil.example:5935", path: "/", headerFields: [.origin: "http://evil.example:5935"])
        await #expect(throws: APIProblem.self) { try await Access.open.visitor(head) }
        // Its looks come without an origin.
        var look = head
        (look.method, look.headerFields) = (.get, [:])
        await #expect(throws: APIProblem.self) { try await Access.open.visitor(look) }
        for authority in ["localhost:5935", "127.0.0.1:5935", "[::1]:5935", nil] {
            look.authority = authority
            #expect(try await Access.open.visitor(look).role == .admin, "\(authority ?? "")")
        }
        let access = try Access([AccessTokenSettings(name: "x", role: .read, token: "a-token-0123456789")])
        var told = head
        told.headerFields[.authorization] = "Bearer a-token-0123456789"
        #expect(try await access.visitor(told).role == .read, "with tokens a name is as good as an address")
    }

    @Test(arguments: [
        ("admin:\n  host: 0.0.0.0\n", "127.0.0.1 is right, or admin.tokens"), ("admin:\n  host: gateway.example\n", "admin.tokens"),
        ("admin:\n  tokens:\n    - {role: read, token: short}\n", "16 or more are right"),
        ("admin:\n  tokens:\n    - {role: king, token: 0123456789abcdef}\n", "read, operate or admin"),
        ("admin:\n  tokens:\n    - {rol: read, token: 0123456789abcdef}\n", "unknown key 'rol'"),
        ("admin:\n  tokens: [\"read-0123456789abcdef\"]\n", "ROLE:TOKEN"),
        ("admin:\n  tokens: [\"read:0123456789abcdef\", \"admin:0123456789abcdef\"]\n", "two of the tokens are the same"),
    ]) func whatWouldLetEverybodyInIsRefused(file: String, part: String) throws {
        let text = try withSettingsFile(file) { path in
            do { return "\(try GatewayFileSettings.load(file: path, flags: [:]).admin)" } catch { return "\(error)" }
        }
        #expect(text.contains(part) && !text.contains("0123456789abcdef"), "\(text)")
    }

    @Test(arguments: ["127.0.0.1", "127.9.9.9", "localhost", "::1"]) func loopbackNeedsNoToken(host: String) throws {
        #expect(AdminSettings.isLoopback(host))
        #expect(!AdminSettings.isLoopback("\(host).example"))
    }

    @Test func anAddressThatOthersReachNeedsAToken() throws {
        let file = "admin:\n  host: 0.0.0.0\n  tokens: \"admin:0123456789abcdef,read:fedcba9876543210\"\n"
        let admin = try withSettingsFile(file) { try GatewayFileSettings.load(file: $0, flags: [:]).admin }
        #expect(admin.listen.host == "0.0.0.0" && admin.tokens.map(\.role) == [.admin, .read])
    }
}
