import SluiceWire
import Testing

@Suite struct ProgramDateTimeTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"),
        (1_000_000_000_000_000_000, "2001-09-09T01:46:40.000Z"),
        (951_782_400_007_999_999, "2000-02-29T00:00:00.007Z"),
        (1_798_761_599_999_000_000, "2026-12-31T23:59:59.999Z"),
    ])
    func stampsAreUTCWithMilliseconds(_ nanoseconds: Int64, _ text: String) {
        #expect(ProgramDateTime.text(nanoseconds: nanoseconds) == text)
    }

    @Test func pathElementsAreEscaped() {
        #expect(PercentEncoding.pathElement("P240p30fps16x9") == "P240p30fps16x9")
        #expect(PercentEncoding.pathElement("a b/ü%") == "a%20b%2F%C3%BC%25")
    }
}
