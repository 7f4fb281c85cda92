import Testing

@testable import sluice

@Suite struct NearestKeyTests {
    @Test(arguments: [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0), ("lanes", "lane", 1)])
    func distances(left: String, right: String, distance: Int) {
        #expect(NearestKey.distance(left, right) == distance)
        #expect(NearestKey.distance(right, left) == distance)
    }

    @Test func theNearestIsFoundAndTiesAreSettled() {
        #expect(NearestKey.of("lane", among: ["sessions", "lanes", "jitter"]) == "lanes")
        #expect(NearestKey.of("x", among: ["b", "a"]) == "a")
        #expect(NearestKey.of("x", among: []) == nil)
    }
}
