import Foundation
import Testing

@testable import SluiceSimulation

@Suite struct RenderedReportTests {
    @Test func textNamesScenarioPoliciesAndFigures() {
        let text = TextReport.render(MadeUpRuns.world(), [MadeUpRuns.good, MadeUpRuns.bad])
        #expect(
            text.hasPrefix(
                "stall: One of five stalls for 10 s every minute.\n30 streams of 2 s segments on 5 orchestrators, 1 gateway, 10 min, 3 seeds."
            ))
        #expect(text.contains("late 3 s after its cut"))
        #expect(text.contains("27 000"), "segments of three seeds together")
        #expect(text.contains("37 ± "), "late segments of three seeds together, with confidence")
        #expect(text.contains("against reference"))
        #expect(!text.contains("\u{202F}"))
    }

    @Test func textColumnsEndInOnePlace() {
        let lines = TextReport.aligned([["", "a"], ["longer", "1"], ["x", "100 *"]])
        #expect(lines == ["             a", "longer       1", "x        100 *"])
    }

    @Test func jsonHasTheFiguresSortedAndTheirConfidence() throws {
        let text = try JSONReport.render(MadeUpRuns.world(), [MadeUpRuns.good, MadeUpRuns.bad])
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(document["scenario"] as? String == "stall" && document["seeds"] as? Int == 3)
        let policies = try #require(document["policies"] as? [String: [String: Any]])
        #expect(policies.keys.sorted() == ["default", "reference"])
        let figures = try #require(policies["default"])
        let names = ["segments", "misses", "lost", "p50Ms", "p95Ms", "p99Ms", "swaps", "recoveryMs", "extraWork", "cost", "busiestShare"]
        #expect(Set(figures.keys) == Set(names + ["confidence"]))
        #expect(figures["misses"] as? Double == 37)
        let confidence = try #require(figures["confidence"] as? [String: Double])
        #expect(Set(confidence.keys) == Set(names))
        #expect(confidence["segments"] == 0 && (confidence["misses"] ?? 0) > 0)
        let again = try JSONReport.render(MadeUpRuns.world(), [MadeUpRuns.bad, MadeUpRuns.good])
        #expect(text == again, "the order of the policies does not matter")
        #expect(document["sweep"] == nil)
    }

    @Test func jsonHasTheSweepInTheOrderOfItsValues() throws {
        let text = try JSONReport.render(MadeUpRuns.world(), [], sweep: MadeUpRuns.sweep)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let sweep = try #require(document["sweep"] as? [String: Any])
        let points = try #require(sweep["points"] as? [[String: Any]])
        #expect(sweep["setting"] as? String == "latency")
        #expect(points.compactMap { $0["value"] as? Double } == [0.3, 0.4, 0.5, 0.6, 0.8, 1.0])
    }

    @Test func pageNeedsNothingElse() throws {
        let page = HTMLReport.render(MadeUpRuns.world(), [MadeUpRuns.good, MadeUpRuns.bad], sweep: MadeUpRuns.sweep)
        for outside in ["<script", "http:", "https:", "url(", "@import", "<link", "<img"] {
            #expect(!page.contains(outside), "\(outside)")
        }
        #expect(page.contains("prefers-color-scheme:dark") && page.contains("max-width:680px"))
        // FinishPlot, timelines, load, cost, frontier; each wide and narrow.
        #expect(page.components(separatedBy: "<svg").count - 1 == 10)
        #expect(!page.contains("nan") && !page.contains("inf "))
    }

    @Test func pageIsWellFormed() throws {
        let page = HTMLReport.render(MadeUpRuns.world(), [MadeUpRuns.good, MadeUpRuns.bad], sweep: MadeUpRuns.sweep)
        var open: [String] = []
        for match in page.matches(of: /<(\/?)([a-z0-9]+)([^>]*)>/) {
            let name = String(match.2)
            if name == "meta" || match.3.hasSuffix("/") { continue }
            if match.1.isEmpty {
                open.append(name)
            } else {
                let last = open.popLast()
                #expect(last == name)
            }
        }
        #expect(open == [])
    }

    @Test func namesFromOutsideAreEscaped() {
        var scenario = MadeUpRuns.scenario
        scenario.about = "<script>alert(\"1\") & more"
        let page = HTMLReport.render(
            ReportedWorld(scenario: scenario, seeds: 1, settings: RunSettings()),
            [MadeUpRuns.policy("<b>", misses: [0], lost: [0], p99: [1], stalled: 0, cost: 0)])
        #expect(!page.contains("<script") && page.contains("&lt;script&gt;alert(&quot;1&quot;) &amp; more"))
        #expect(!page.contains("<b><b>") && page.contains("&lt;b&gt;"))
        #expect(page.contains("All prices are 0 here."))
        #expect(page.contains("no segment late, none lost"))
    }

    @Test func anEmptyRunIsStillAReport() {
        let empty = ReportedPolicy(
            name: "none",
            record: RunRecord(
                seed: 1, figures: RunFigures(), finishCurve: [], timelines: [], orchestrators: [], loadSpan: 1, policyFaults: [],
                policyFaultCount: 0, events: 0), runs: [RunFigures()])
        let page = HTMLReport.render(MadeUpRuns.world(seeds: 1), [empty])
        #expect(page.contains("0 ms") && !page.contains("nan"))
    }

    @Test func frontierLeavesOutWhatIsWorseInBoth() {
        let sweep = MadeUpRuns.sweep
        let onFrontier = sweep.points.filter(sweep.isOnFrontier).map(\.value)
        #expect(onFrontier == [0.3, 0.5, 0.6, 0.8, 1.0])
        let text = SweepReport.render(MadeUpRuns.world(seeds: 1), sweep)
        #expect(text.contains("0.5 *") && text.contains("0.4  ") && !text.contains("0.4 *"))
    }

    /// For a look at the page: writes it where the environment says.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SLUICE_REPORT"] != nil)) func writesThePage() throws {
        let path = try #require(ProcessInfo.processInfo.environment["SLUICE_REPORT"])
        let page = HTMLReport.render(MadeUpRuns.world(), [MadeUpRuns.good, MadeUpRuns.bad], sweep: MadeUpRuns.sweep)
        try page.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(FileManager.default.fileExists(atPath: path))
    }
}
