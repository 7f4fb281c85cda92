import SluiceMarket
import SluiceTypes
import Testing

@testable import sluice

@Suite struct LeaderboardReportTests {
    private func report(_ names: [String], _ fill: (inout PerformanceBook) -> Void) -> LeaderboardReport {
        var book = PerformanceBook()
        for name in names {
            for _ in 0..<30 {
                book.add(
                    WorkOutcome(end: .done, kind: .primary, duration: 2, finish: 0.5, pixelsExpected: 10, pixels: 10),
                    of: Offer.Key(OrchestratorID(name), "transcode"), at: 100)
            }
        }
        fill(&book)
        return LeaderboardReport(book.ranking([], at: 200), book.formula, book.gateway, isAnonymous: false, at: 200)
    }

    @Test func theBadOneIsLastAndItIsSaidWhy() throws {
        let report = report(["https://good:1", "https://black:1"]) { book in
            book.add(.nothing, of: Offer.Key(OrchestratorID("https://black:1"), "transcode"), at: 100)
        }
        let last = try #require(report.rows.last)
        #expect(last.orchestrator == "https://black:1" && last.samples == 1 && last.poorSamples == 1)
        #expect(last.remarks == ["1 of 1 sampled renditions are not what was asked for"])
        #expect(report.rows.first?.remarks == [])
        #expect(report.page.contains("1 of 1 sampled renditions are not what was asked for"))
        #expect(report.page.contains(#"<td data-of="quality" class="low">0.0</td>"#))
    }

    @Test func whoDoesNotAnswerIsSaid() {
        let offer = Offer(
            orchestrator: OrchestratorID("https://gone:1"), offered: OfferedCapability(pipeline: "transcode"),
            capabilities: CapabilitySet(),
            version: "", isReachable: false, trust: 0, sources: [], provenance: [:])
        let report = LeaderboardReport(
            PerformanceBook().ranking([offer], at: 1), ScoreFormula(), GatewayQuality(), isAnonymous: false, at: 1)
        #expect(report.rows.map(\.remarks) == [["does not answer"]])
    }

    @Test func faultsAreSaidAndNamesAreHarmless() throws {
        let name = "https://<script>alert(1)</script>\"; DROP TABLE usage; --"
        let report = report([name]) { book in
            for _ in 0..<3 {
                book.add(
                    WorkOutcome(end: .failed(.timedOut), kind: .primary, duration: 2), of: Offer.Key(OrchestratorID(name), "transcode"),
                    at: 100)
            }
        }
        #expect(report.rows.first?.remarks == ["3 of 33 attempts failed, 0 were overtaken"])
        #expect(!report.page.contains("<script>") && report.page.contains("&lt;script&gt;"))
    }
}
