import Testing

@testable import SluiceSimulation

@Suite struct ReportTextTests {
    @Test(arguments: [
        (0.0, "0"), (0.25, "0.25"), (0.1234, "0.123"), (3.1, "3.1"), (42.04, "42"), (1234, "1234"), (90_000, "90\u{202F}000"),
        (-3.5, "−3.5"), (0.0001, "0"), (.nan, "–"), (.infinity, "–"),
    ]) func shortNumbers(value: Double, text: String) {
        #expect(ReportText.short(value) == text)
    }

    @Test(arguments: [(9.999, 2, "10.00"), (0.05, 1, "0.1"), (1_234_567, 0, "1\u{202F}234\u{202F}567"), (2.005, 3, "2.005")])
    func fixedPlaces(value: Double, places: Int, text: String) {
        #expect(ReportText.number(value, places: places) == text)
    }

    @Test(arguments: [(310.2, "310 ms"), (4230, "4.23 s"), (0, "0 ms")]) func milliseconds(value: Double, text: String) {
        #expect(ReportText.milliseconds(value) == text)
    }

    @Test(arguments: [(600.0, "10 min"), (90, "1.5 min"), (45, "45 s"), (7200, "2 h")]) func spans(value: Double, text: String) {
        #expect(ReportText.span(value) == text)
    }

    @Test(arguments: [
        (0.0, "0 %"), (0.032, "3.2 %"), (0.99, "99 %"), (0.9912, "99.12 %"), (0.999, "99.9 %"), (0.9999, "99.99 %"), (1, "100 %"),
        (0.5, "50 %"),
    ])
    func shares(value: Double, text: String) {
        #expect(ReportText.share(value) == text)
    }

    @Test(arguments: [(0.0, "0"), (1.8e14, "180 µETH"), (2e17, "200 mETH"), (1200, "1200 wei"), (5e9, "5 gwei")])
    func prices(value: Double, text: String) {
        #expect(ReportText.wei(value) == text)
    }

    @Test(arguments: [("10 ms", "383 ms", "± 10"), ("34 ms", "1.2 s", "± 34 ms"), ("14", "107", "± 14"), ("0.1 %", "2 %", "± 0.1")])
    func confidenceLeavesOutAUnitThatIsThere(halfWidth: String, value: String, text: String) {
        #expect(ReportText.confidence(halfWidth, of: value) == text)
    }
}
