import SluiceSimulation
import Testing

@testable import sluice

@Suite struct ScenarioFileTests {
    private func read(_ text: String) throws -> Scenario { try withSettingsFile(text) { try ScenarioFile.read($0) } }

    /// The text of the error that reading ends with.
    private func complaint(_ text: String) -> String {
        do { _ = try read(text) } catch { return "\(error)" }
        return "no error"
    }

    private static let small = "streams:\n  - count: 3\norchestrators:\n  - name: berlin\n"

    @Test func onlyStreamsAndOrchestratorsAreNeeded() throws {
        let scenario = try read(Self.small)
        #expect(scenario.name.hasPrefix("sluice-settings-"))
        #expect(scenario.duration == 600 && scenario.gateways == 1 && scenario.uplinkBitsPerSecond == nil)
        #expect(scenario.streams.map(\.count) == [3])
        #expect(scenario.streams[0].renditions == StreamGroup(count: 3).renditions)
        #expect(scenario.orchestrators.map(\.name) == ["berlin"])
        #expect(scenario.orchestrators[0].service == ServiceModel() && scenario.orchestrators[0].network == NetworkModel())
    }

    @Test func everyKeyIsRead() throws {
        let scenario = try read(
            """
            # A comment.
            about: Everything at once.
            duration: 5m
            gateways: 3
            uplink: 1Gbit
            streams:
              - count: 7
                segmentDuration: 1s
                bitrate: 2.5Mbit
                renditions: [1280x720@60/3M, 640x360@29.97/800k]
                start: 10s
                startsOver: 5s
                end: 4m
            orchestrators:
              - name: berlin
                count: 2
                operator: spree
                region: eu-central
                gpu: NVIDIA L4
                price: 1200
                diurnalLoad: 50%
                diurnalPeriod: 24h
                service:
                  pixelsPerSecond: 220M
                  fixed: 50ms
                  jitter: 0.2
                  tailShare: 1%
                  tailFactor: 6
                  coldStart: 400ms
                  lanes: 5
                  sessions: 9
                  queuedPerSession: 3
                network: {roundTrip: 12ms, jitter: 0.3, bandwidth: 500Mbit, loss: 0.1%}
            """)
        #expect(scenario.about == "Everything at once." && scenario.duration == 300 && scenario.gateways == 3)
        #expect(scenario.uplinkBitsPerSecond == 1e9)
        let group = scenario.streams[0]
        #expect(group.count == 7 && group.segmentDuration == 1 && group.bitrate == 2.5e6)
        #expect(group.start == 10 && group.startsOver == 5 && group.end == 240)
        #expect(
            group.renditions == [
                .init(width: 1280, height: 720, frameRate: 60, bitrate: 3e6),
                .init(width: 640, height: 360, frameRate: 29.97, bitrate: 8e5),
            ])
        let model = scenario.orchestrators[0]
        #expect(model.count == 2 && model.operatorName == "spree" && model.region == "eu-central" && model.gpu == "NVIDIA L4")
        #expect(model.price == 1200 && model.diurnalLoad == 0.5 && model.diurnalPeriod == 86_400)
        #expect(
            model.service
                == ServiceModel(
                    pixelsPerSecond: 220e6, fixed: 0.05, jitter: 0.2, tailShare: 0.01, tailFactor: 6, coldStart: 0.4, lanes: 5, sessions: 9,
                    queuedPerSession: 3))
        #expect(model.network == NetworkModel(roundTrip: 0.012, jitter: 0.3, bandwidth: 500e6, loss: 0.001))
    }

    @Test(arguments: [
        ("{kind: stall, at: 30s, for: 10s, every: 60s}", FaultModel(.stall, at: 30, lasts: 10, every: 60)),
        ("{kind: crash, at: 5m}", FaultModel(.crash, at: 300)),
        ("{kind: crash, during: upload, at: 1m, for: 20s}", FaultModel(.crashDuring(.upload), at: 60, lasts: 20)),
        ("{kind: crash, during: transcode, at: 1m}", FaultModel(.crashDuring(.transcode), at: 60)),
        ("{kind: crash, during: download, at: 1m}", FaultModel(.crashDuring(.download), at: 60)),
        ("{kind: slow, factor: 4, at: 0s}", FaultModel(.slow(factor: 4), at: 0)),
        ("{kind: busy, at: 1}", FaultModel(.busy, at: 1)), ("{kind: capped, at: 1}", FaultModel(.capped, at: 1)),
        ("{kind: halfAnswer, at: 1}", FaultModel(.halfAnswer(share: 1), at: 1)),
        ("{kind: wrongBytes, share: 20%, at: 1}", FaultModel(.wrongBytes(share: 0.2), at: 1)),
        ("{kind: price, factor: 0.5, at: 1}", FaultModel(.price(factor: 0.5), at: 1)),
        ("{kind: refuseTokens, at: 1}", FaultModel(.refuseTokens, at: 1)),
        ("{kind: loss, share: 0.4, at: 1}", FaultModel(.loss(share: 0.4), at: 1)),
    ]) func everyKindOfFault(text: String, fault: FaultModel) throws {
        #expect(try read(Self.small + "    faults:\n      - \(text)\n").orchestrators[0].faults == [fault])
    }

    @Test(arguments: [
        ("gatewys: 2\n" + small, "unknown key 'gatewys'", 1, "did you mean 'gateways'?"),
        (small + "    servce: {}\n", "unknown key 'orchestrators[0].servce'", 5, "did you mean 'orchestrators[0].service'?"),
        (small + "    service:\n      lane: 3\n", "unknown key 'orchestrators[0].service.lane'", 6, "'orchestrators[0].service.lanes'?"),
        (
            small + "    faults:\n      - {knd: stall, at: 1}\n", "unknown key 'orchestrators[0].faults[0].knd'", 6,
            "'orchestrators[0].faults[0].kind'?"
        ),
        ("streams:\n  - cuont: 3\norchestrators:\n  - name: a\n", "unknown key 'streams[0].cuont'", 2, "'streams[0].count'?"),
    ]) func anUnknownKeyIsRefusedByNameLineAndTheNearest(text: String, name: String, line: Int, nearest: String) {
        let text = complaint(text)
        #expect(text.contains(name) && text.contains("line \(line))") && text.contains(nearest), "\(text)")
    }

    @Test func allUnknownKeysOfATableAreNamed() {
        let text = complaint("one: 1\ntwo: 2\n" + Self.small)
        #expect(text.contains("'one'") && text.contains("line 1") && text.contains("'two'") && text.contains("line 2"))
    }

    @Test(arguments: [
        ("duration: soon\n" + small, "duration = 'soon'", 1, "a time like 10s"),
        ("duration: [1, 2]\n" + small, "duration = 'a list'", 1, "a time like 10s"),
        ("duration:\n" + small, "duration = ''", 1, "a time like 10s"),
        ("gateways: 1.5\n" + small, "gateways = '1.5'", 1, "a whole number"),
        ("uplink: fast\n" + small, "uplink = 'fast'", 1, "a number like 200Mbit"),
        ("about: {a: b}\n" + small, "about = 'a table'", 1, "a text"),
        ("streams: 3\norchestrators:\n  - name: a\n", "streams = '3'", 1, "a list of stream groups"),
        ("streams: []\norchestrators:\n  - name: a\n", "streams = 'a list'", 1, "a list of stream groups"),
        ("streams:\n  - three\norchestrators:\n  - name: a\n", "streams[0] = 'three'", 2, "keys with values are right: count"),
        (small + "    name2: x\n    price: cheap\n", "'orchestrators[0].name2'", 5, "'orchestrators[0].name'"),
        (small + "    price: cheap\n", "orchestrators[0].price = 'cheap'", 5, "a number is right"),
        (small + "    service: fast\n", "orchestrators[0].service = 'fast'", 5, "keys with values are right: pixelsPerSecond"),
        (small + "    faults: {kind: stall, at: 1}\n", "orchestrators[0].faults = 'a table'", 5, "a list of faults"),
        (small + "    faults:\n      - {kind: flood, at: 1}\n", "faults[0].kind = 'flood'", 6, "one of stall, crash, slow"),
        (small + "    faults:\n      - {kind: crash, during: lunch, at: 1}\n", "faults[0].during = 'lunch'", 6, "one of upload, transcode"),
        (
            small + "    faults:\n      - {kind: stall, factor: 2, at: 1}\n", "faults[0].factor = '2'", 6,
            "says nothing about the kind 'stall'"
        ),
        (small + "    faults:\n      - {kind: slow, share: 2, at: 1}\n", "faults[0].share = '2'", 6, "its own key is 'factor'"),
        (
            "streams:\n  - count: 1\n    renditions: [640x360]\norchestrators:\n  - name: a\n", "renditions[0] = '640x360'", 3,
            "640x360@30/800k"
        ),
        (
            "streams:\n  - count: 1\n    renditions: [640@360x30/800k]\norchestrators:\n  - name: a\n", "renditions[0] = '640@360x30/800k'",
            3,
            "WIDTHxHEIGHT@FRAMES/BITRATE"
        ),
        ("streams:\n  - count: 1\norchestrators:\n  - name: two words\n", "orchestrators[0].name = 'two words'", 4, "letters, digits"),
    ]) func aWrongTypeIsRefusedByNameLineValueAndWish(text: String, name: String, line: Int, wish: String) {
        let text = complaint(text)
        #expect(text.contains(name) && text.contains("line \(line))") && text.contains(wish), "\(text)")
    }

    @Test(arguments: [
        ("duration: 0s\n" + small, "duration = '0s'", 1, "it must be 0.5 to"),
        ("duration: -10m\n" + small, "duration = '-10m'", 1, "it must be 0.5 to"),
        ("gateways: 0\n" + small, "gateways = '0'", 1, "it must be 1 to"),
        ("uplink: 1bit\n" + small, "uplink = '1bit'", 1, "bits per second"),
        ("streams:\n  - count: 0\norchestrators:\n  - name: a\n", "streams[0].count = '0'", 2, "it must be 1 to"),
        (
            "streams:\n  - count: 1\n    end: 5s\n    start: 10s\norchestrators:\n  - name: a\n", "streams[0].end = '5s'", 3,
            "after the start"
        ),
        ("streams:\n  - count: 1\n    segmentDuration: 100s\norchestrators:\n  - name: a\n", "segmentDuration = '100s'", 3, "0.5 to 10"),
        ("streams:\n  - count: 1\n    renditions: [4x4@30/800k]\norchestrators:\n  - name: a\n", "renditions[0]", 3, "16 to 16384 pixels"),
        (small + "    service:\n      lanes: 0\n", "orchestrators[0].service.lanes = '0'", 6, "it must be 1 to"),
        (small + "    network: {loss: 150%}\n", "orchestrators[0].network.loss = '150%'", 5, "it must be 0.0 to 1.0"),
        (small + "    faults:\n      - {kind: slow, factor: 0.1, at: 1}\n", "faults[0].factor = '0.1'", 6, "it must be 1.0 to"),
        (
            small + "    faults:\n      - {kind: stall, at: 1, for: 20s, every: 10s}\n", "faults[0].for = '20s'", 6,
            "no longer than the 10.0"
        ),
        (small + "    faults:\n      - {kind: stall, at: 1, every: 10s}\n", "faults[0].for = 'missing'", 6, "comes again"),
        (small + "  - name: berlin\n", "orchestrators[1].name = 'berlin'", 5, "no other orchestrator has"),
        (small + "    price: -1\n", "orchestrators[0].price = '-1'", 5, "it must be 0.0 to"),
    ]) func anImpossibleValueIsRefusedByNameLineValueAndRange(text: String, name: String, line: Int, wish: String) {
        let text = complaint(text)
        #expect(text.contains(name) && text.contains("line \(line))") && text.contains(wish), "\(text)")
    }

    @Test func allImpossibleValuesAreNamed() {
        let text = complaint("gateways: 0\n" + Self.small + "    price: -1\n")
        #expect(text.contains("gateways") && text.contains("price") && text.split(separator: "\n").count == 2, "\(text)")
    }

    @Test(arguments: [
        ("orchestrators:\n  - name: a\n", "'streams' is missing"), ("streams:\n  - count: 1\n", "'orchestrators' is missing"),
        ("streams:\n  - bitrate: 1M\norchestrators:\n  - name: a\n", "'streams[0].count' is missing"),
        ("streams:\n  - count: 1\norchestrators:\n  - price: 1\n", "'orchestrators[0].name' is missing"),
        (small + "    faults:\n      - {at: 1}\n", "'orchestrators[0].faults[0].kind' is missing"),
        (small + "    faults:\n      - {kind: stall}\n", "'orchestrators[0].faults[0].at' is missing"),
        (small + "    faults:\n      - {kind: slow, at: 1}\n", "'orchestrators[0].faults[0].factor' is missing"),
    ]) func whatIsMissingIsNamed(text: String, name: String) {
        let text = complaint(text)
        #expect(text.contains(name) && text.contains("line "), "\(text)")
    }

    @Test(arguments: ["", "# only comments\n", "---\n", "~\n"]) func anEmptyFileIsRefused(text: String) {
        let text = complaint(text)
        #expect(text.contains(".yaml' is empty") && text.contains("'streams' and 'orchestrators'"), "\(text)")
    }

    @Test(arguments: ["just words", "- a\n- b\n"]) func aFileThatIsNoTableIsRefused(text: String) {
        #expect(complaint(text).contains("keys with values are right: about"))
    }

    @Test(arguments: ["streams: [1,", "a: b: c", "streams:\n  - count: 1\n  - count: 2\n    count: 3\n"])
    func brokenYAMLIsRefusedByFile(text: String) {
        let text = complaint(text)
        #expect(text.contains(".yaml' is not YAML"), "\(text)")
    }

    @Test func aMissingFileIsNamed() {
        #expect(throws: SettingsError.self) { try ScenarioFile.read("/nowhere/calm.yaml") }
    }

    @Test func aHugeFileIsNotRead() {
        #expect(complaint(String(repeating: "# padding\n", count: 120_000)).contains("at most 1048576"))
    }
}
