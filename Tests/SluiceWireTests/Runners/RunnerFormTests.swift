import SluiceTypes
import Testing

@testable import SluiceWire

@Suite struct RunnerFormTests {
    private func batch(_ text: String) throws -> [StaticRunner] { try RunnerForm.batch(try JSONTree(parsing: text.utf8)) }

    private func one(_ fields: String) throws -> StaticRunner? {
        let usual = [#""label":"a""#, #""runner_url":"http://h:1""#, #""health_url":"/health""#, #""app":"x/y""#]
        let kept = usual.filter { pair in !fields.contains(pair.prefix { $0 != ":" } + ":") }
        return try batch(#"{"runners":[{\#(kept.joined(separator: ","))\#(fields)}]}"#).first
    }

    @Test func whatIsLeftOutHasTheReferencesDefaults() throws {
        let runner = try #require(try one(""))
        #expect(runner.facts == RunnerFacts(label: "a", url: "http://h:1", app: "x/y", mode: .persistent, capacity: 1))
        #expect(runner.health == RunnerHealthCheck(url: "http://h:1/health", healthyStatus: 200))
    }

    @Test func everythingThatMayBeSaid() throws {
        let runner = try #require(
            try one(
                #","routing":"label","proxy":true,"version":"1.0","metadata":"m=ü","mode":"single_shot","capacity":3,"gpu":1,"#
                    + #""price_info":{"price":"0.50","currency":"USD","unit":"720p"},"healthy_status_code":204"#))
        #expect(runner.facts.routesByLabel && runner.facts.hasProxyURL && runner.facts.mode == .singleShot)
        #expect(runner.facts.gpu == RunnerGPU(id: "1") && runner.facts.price == RunnerPrice(amount: 0.5, unit: .hd))
        #expect(runner.health.healthyStatus == 204)
        let gpu = try one(#","gpu":{"id":"GPU-0","name":"NVIDIA L4","vram_mb":24576}"#)?.facts.gpu
        #expect(gpu == RunnerGPU(id: "GPU-0", name: "NVIDIA L4", memoryMB: 24576))
    }

    @Test(arguments: [
        (#","capacity":-1"#, "runners[0]: capacity -1: 0 to 100000 is right, 0 for 1"),
        (#","capacity":1.5"#, "runners[0]: capacity: a whole number is right"),
        (#","capacity":"2""#, "runners[0]: capacity: a whole number is right"),
        (#","runner_url":"nope""#, "runners[0]: runner_url 'nope': an absolute URL like http://127.0.0.1:9000 is right"),
        (#","runner_url":"ftp://h/""#, "runners[0]: runner_url 'ftp://h/': an absolute URL like http://127.0.0.1:9000 is right"),
        (#","app":" x ""#, "runners[0]: app must be trimmed"),
        (#","mode":"forever""#, "runners[0]: mode 'forever': persistent or single-shot is right"),
        (#","routing":"none""#, "runners[0]: routing 'none': runner-id or label is right"),
        (
            #","routing":"label","label":"a/b""#,
            "runners[0]: label 'a/b': letters, digits, '-', '_', '.' and '~' are right, as it stands in URLs"
        ),
        (#","price_info":{"price":0}"#, "runners[0]: price_info: price must be a positive decimal"),
        (#","price_info":{"price":1,"currency":"eur"}"#, "runners[0]: price_info: currency 'eur': usd is right"),
        (#","gpu":-1"#, "runners[0]: gpu -1: a device index is 0 or more"),
        (#","metadata":7"#, "runners[0]: metadata: text is right"),
        (#","metadata":"\ufffd""#, "runners[0]: metadata: it has U+FFFD, so it was no UTF-8 before"),
        (#","healthy_status_code":20"#, "runners[0]: healthy_status_code 20: an HTTP status is right, such as 200"),
    ]) func whatIsWrongIsNamed(fields: String, complaint: String) {
        #expect(throws: JSONFault(complaint)) { try one(fields) }
    }

    @Test func metadataHasItsLimit() throws {
        let full = String(repeating: "ü", count: 512)
        #expect(try one(#","metadata":"\#(full)""#)?.facts.metadata == full)
        #expect(throws: JSONFault("runners[0]: metadata: at most 1024 bytes are right, these are 1025")) {
            try one(#","metadata":"\#(full)x""#)
        }
    }

    @Test func oneBadEntrySpoilsTheBatch() {
        let good = #"{"label":"a","runner_url":"http://h:1","health_url":"/h","app":"x"}"#
        #expect(throws: JSONFault("runners[1]: label is required")) { try batch(#"{"runners":[\#(good),{}]}"#) }
        #expect(throws: JSONFault("runners[1]: label 'a' is there twice")) { try batch(#"{"runners":[\#(good),\#(good)]}"#) }
        #expect(throws: JSONFault("runners is required: a list of runners")) { try batch("{}") }
        #expect(throws: JSONFault.self) { try batch("{nope") }
        #expect(throws: JSONFault.self) { try batch(String(repeating: "[", count: 100_000)) }
    }

    @Test func aHeartbeatIsReadyUnlessItSaysOtherwise() throws {
        func beat(_ status: String) throws -> RunnerHeartbeat {
            try RunnerForm.heartbeat(try JSONTree(parsing: #"{"runner_url":"http://h:1/","app":"x","status":"\#(status)"}"#.utf8))
        }
        #expect(try beat("").isReady && beat("ready").isReady)
        #expect(try !beat("loading").isReady)
        #expect(try beat("").facts.url == "http://h:1")
        #expect(throws: JSONFault.self) {
            try RunnerForm.heartbeat(try JSONTree(parsing: #"{"runner_id":"../x","runner_url":"http://h:1","app":"x"}"#.utf8))
        }
    }

    @Test func jsonKeepsItsOrderAndEscapesAsGoDoes() throws {
        let tree = JSONTree.members(["b": "<a&b>\"\\\n\u{1}", "a": nil, "c": .list([.int(1), .bool(true), .null, .number(0.5)])])
        #expect(tree.text == #"{"b":"\u003ca\u0026b\u003e\"\\\n\u0001","c":[1,true,null,0.5]}"#)
        #expect(try JSONTree(parsing: tree.text.utf8)["b"]?.string == "<a&b>\"\\\n\u{1}")
    }
}

@Suite struct RunnerProxyURLTests {
    @Test func theMarkIsInTheHostOrAtTheEnd() throws {
        let path = try RunnerProxyURL("https://o:8935/run/{proxy}")
        #expect(path.url("abc") == "https://o:8935/run/abc")
        #expect(path.match(host: "o:8935", path: "/run/abc/x/y?z=1").map { [$0.id, $0.path] } == ["abc", "/x/y?z=1"])
        #expect(path.match(host: "o:8935", path: "/run/abc?z=1").map { [$0.id, $0.path] } == ["abc", "/?z=1"])
        #expect(path.match(host: "o:8935", path: "/run/") == nil)
        #expect(path.match(host: "o:8935", path: "/apps/abc") == nil)
        let host = try RunnerProxyURL("https://{proxy}.run.example.com")
        #expect(host.url("abc") == "https://abc.run.example.com")
        #expect(host.match(host: "ABC.run.example.com:443", path: "/x").map { [$0.id, $0.path] } == ["abc", "/x"])
        #expect(host.match(host: "run.example.com", path: "/x") == nil)
    }

    @Test(arguments: [
        "https://o/run", "https://o/{proxy}/x", "https://o/run-{proxy}", "{proxy}", "https://{proxy}.o/{proxy}", "https://{proxy}.o/x",
    ]) func allElseIsRefused(template: String) {
        #expect(throws: JSONFault.self) { try RunnerProxyURL(template) }
    }
}

@Suite struct RunnerKeysTests {
    @Test func oneKeyOpensOneDoor() {
        let keys = RunnerKeys(seed: Array(repeating: 7, count: 32))
        let session = SessionID("session_a")
        let key = keys.client(session)
        #expect(key.utf8.count == 52)
        #expect(keys.isClient(key, session) && !keys.isSession(key, session) && !keys.isClient(key, SessionID("session_b")))
        #expect(!keys.isClient("", session) && !keys.isClient(key + "a", session))
        let runner = RunnerID("runner_a")
        #expect(!keys.isHeartbeat(keys.heartbeat(runner, birth: 1), of: runner, birth: 2))
    }

    @Test func base32AsInRFC4648() {
        #expect(
            ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map { Base32.lower(Array($0.utf8)) } == [
                "", "my", "mzxq", "mzxw6", "mzxw6yq", "mzxw6ytb", "mzxw6ytboi",
            ])
        #expect(RunnerKeys.name(26).utf8.count == 26)
    }
}
