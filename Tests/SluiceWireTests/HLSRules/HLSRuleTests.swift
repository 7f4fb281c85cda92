import SluiceWire
import Testing

@Suite struct HLSRuleTests {
    /// For each rule something that breaks it. The compiler does not ask for one; `everyRuleCanFail` does.
    private static let breaches: [HLSRule: [HLSFinding]] = Dictionary(
        grouping: PlaylistBreaches.all + HistoryBreaches.all + AnswerBreaches.all, by: \.rule
    ).mapValues { $0.flatMap(\.findings) }

    @Test(arguments: HLSRule.allCases)
    func everyRuleCanFail(_ rule: HLSRule) throws {
        let findings = try #require(Self.breaches[rule], "no example breaks \(rule.rawValue)")
        #expect(findings.contains { $0.rule == rule })
        #expect(!rule.paragraph.isEmpty)
    }

    /// Nothing else is blamed than what was broken, or what must break along with it.
    @Test(arguments: PlaylistBreaches.all + HistoryBreaches.all + AnswerBreaches.all)
    func onlyTheBreachIsFound(_ breach: Breach) {
        #expect(breach.findings.map(\.rule).filter { $0 != breach.rule && !breach.alongside.contains($0) } == [])
        #expect(breach.findings.contains { $0.rule == breach.rule })
    }

    @Test func aGoodPlaylistIsClean() {
        #expect(PlaylistRules.check(MadeUpPlaylist().playlist) == [])
        for parts in 0..<10 { #expect(PlaylistRules.check(MadeUpPlaylist(openParts: parts).playlist) == []) }
    }

    @Test func anOrdinaryPlaylistIsClean() throws {
        let text =
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:4\n"
            + (4..<10).map { "#EXTINF:2.00000,\nsource/\($0).ts\n" }.joined()
        #expect(PlaylistRules.check(try PlaylistReader.read(text)) == [])
    }

    @Test func aGoodStreamIsClean() {
        var playlist = MadeUpPlaylist()
        var history = PlaylistHistory()
        for step in 0..<100 {
            #expect(history.check(playlist.playlist, at: Double(step) * 0.2) == [])
            playlist = playlist.later
        }
    }

    @Test func aFindingSaysWhereAndByWhichParagraph() {
        let finding = HLSFinding(.partWithinTarget, line: 12, "too long")
        #expect("\(finding)" == "BROKEN part-within-target (4.4.4.9), line 12: too long")
        #expect("\(HLSFinding(.codecsPresent, "none"))" == "advice codecs-present (4.4.6.2): none")
    }
}

/// An example that breaks a rule.
struct Breach: CustomTestStringConvertible, Sendable {
    let rule: HLSRule
    let name: String
    let findings: [HLSFinding]
    /// Rules that this example cannot help breaking, too.
    let alongside: Set<HLSRule>

    init(_ rule: HLSRule, _ name: String, alongside: Set<HLSRule> = [], _ findings: [HLSFinding]) {
        self.rule = rule
        self.name = name
        self.findings = findings
        self.alongside = alongside
    }

    var testDescription: String { "\(rule.rawValue): \(name)" }
}
