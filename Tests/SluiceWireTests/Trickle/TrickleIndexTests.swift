import Testing

@testable import SluiceWire

@Suite struct TrickleIndexTests {
    @Test(arguments: [
        ("0", TrickleIndex.number(0)), ("17", .number(17)), ("-1", .next), ("-2", .newest),
        ("9007199254740990", .number(TrickleIndex.highest)),
    ]) func whatNamesASegment(text: String, index: TrickleIndex) { #expect(TrickleIndex(text) == index) }

    /// Each of these panics in the reference, or poisons the channel (specs/trickle-protocol §9.1), or is no number.
    @Test(arguments: [
        "-3", "-4", "-5", "-9223372036854775808", "9223372036854775807", "9007199254740991", "99999999999999999999", "", "abc", "1.0",
        "0x1", " 1", "1e3", "next",
    ]) func whatDoesNot(text: String) { #expect(TrickleIndex(text) == nil) }
}
