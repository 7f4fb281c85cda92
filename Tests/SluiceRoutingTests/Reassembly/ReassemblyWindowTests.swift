import SluiceRouting
import Testing

@Suite struct ReassemblyWindowTests {
    @Test(arguments: [
        ([0, 1, 2], [[0], [1], [2]]),
        ([2, 1, 0], [[], [], [0, 1, 2]]),
        ([1, 0, 3, 2], [[], [0, 1], [], [2, 3]]),
        ([0, 0, 1], [[0], [], [1]]),
    ])
    func releasesInOrder(arrivals: [Int64], released: [[Int64]]) {
        var window = ReassemblyWindow<Int64>()
        #expect(arrivals.map { window.settle($0, $0) } == released)
        #expect(window.waitingCount == 0)
    }
}
