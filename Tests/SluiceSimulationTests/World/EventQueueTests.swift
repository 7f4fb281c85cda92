import Testing

@testable import SluiceSimulation

@Suite struct EventQueueTests {
    private func drained(_ queue: EventQueue<Int, Int>) -> [Int] {
        var queue = queue
        var drained: [Int] = []
        while let (_, event) = queue.popFirst() { drained.append(event) }
        return drained
    }

    @Test func whatIsDueFirstComesFirst() {
        var queue = EventQueue<Int, Int>()
        // A permutation of 0..<101.
        for number in 0..<101 { queue.insert(number * 37 % 101, at: number * 37 % 101) }
        #expect(drained(queue) == Array(0..<101))
    }

    @Test func whatIsDueTogetherComesInTheOrderItWentIn() {
        var queue = EventQueue<Int, Int>()
        for number in 0..<50 { queue.insert(number, at: number % 3) }
        #expect(drained(queue) == [0, 1, 2].flatMap { rest in (0..<50).filter { $0 % 3 == rest } })
    }

    @Test func afterARemovalTheOrderHolds() {
        var queue = EventQueue<Int, Int>()
        for number in 0..<100 { queue.insert(number, at: number * 13 % 100) }
        queue.removeAll { $0 % 4 == 0 }
        let due = drained(queue).map { $0 * 13 % 100 }
        #expect(due.count == 75)
        #expect(due == due.sorted())
    }

    @Test func aLineGivesBackInOrderAndForgetsWhatItGave() {
        var line = FIFO<Int>()
        var taken: [Int] = []
        for number in 0..<500 {
            line.append(number)
            if number % 3 != 0, let first = line.popFirst() { taken.append(first) }
        }
        #expect(line.count == 500 - taken.count)
        while let first = line.popFirst() { taken.append(first) }
        #expect(taken == Array(0..<500))
        #expect(line.isEmpty)
    }
}
