import Testing

@testable import sluice

@Suite struct QuantityTests {
    @Test(arguments: [
        ("10s", 10.0), ("500ms", 0.5), ("10m", 600), ("1.5h", 5400), ("2", 2), ("0", 0), (".5s", 0.5), ("1e1s", 10), ("10 s", 10),
    ]) func durations(text: String, seconds: Double) {
        #expect(Quantity.duration.value(of: text) == seconds)
    }

    @Test(arguments: [
        ("200Mbit", 200e6), ("2.5Mbit", 2.5e6), ("800kbit", 800e3), ("1Gbit", 1e9), ("800k", 800e3), ("3M", 3e6), ("64000", 64_000),
        ("9600bit", 9600),
    ]) func bitRates(text: String, value: Double) {
        #expect(Quantity.bitRate.value(of: text) == value)
    }

    @Test(arguments: [("5%", 0.05), ("0.05", 0.05), ("100%", 1), ("0", 0)]) func shares(text: String, value: Double) {
        #expect(Quantity.share.value(of: text) == value)
    }

    @Test(arguments: ["", "s", "ten", "10 apples", "10sm", "0x10", "nan", "inf", "1e400", "9e307h", "1:30", "10s 5s", "--1", "1.2.3"])
    func whatIsNoQuantityIsRefused(text: String) {
        #expect(Quantity.duration.value(of: text) == nil)
    }
}
