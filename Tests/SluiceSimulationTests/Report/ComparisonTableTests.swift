import Testing

@testable import SluiceSimulation

@Suite struct ComparisonTableTests {
    @Test func betterIsMarkedOnlyBeyondTheConfidenceOfBoth() throws {
        let near = MadeUpRuns.policy("a", misses: [10, 30], lost: [0, 0], p99: [800, 801], stalled: 0, cost: 1)
        let far = MadeUpRuns.policy("b", misses: [12, 28], lost: [0, 0], p99: [900, 901], stalled: 0, cost: 1)
        let table = ComparisonTable([near, far])
        let misses = try #require(table.rows.first { $0.label.hasPrefix("late") })
        #expect(misses.cells.allSatisfy { !$0.isBest }, "two runs that vary this much tell nothing")
        let p99 = try #require(table.rows.first { $0.label == "finish, 99 %" })
        #expect(p99.cells.map(\.isBest) == [true, false])
        let segments = try #require(table.rows.first { $0.label == "segments" })
        #expect(segments.cells.allSatisfy { !$0.isBest })
    }

    @Test func oneOfThreeMustBeatBothOthers() throws {
        let policies = [("a", 500.0), ("b", 500), ("c", 900)].map { name, p99 in
            MadeUpRuns.policy(name, misses: [10], lost: [0], p99: [p99], stalled: 0, cost: 1)
        }
        let p99 = try #require(ComparisonTable(policies).rows.first { $0.label == "finish, 99 %" })
        #expect(p99.cells.allSatisfy { !$0.isBest })
        #expect(p99.comparison.isEmpty, "a comparison needs exactly two")
    }

    @Test(arguments: [
        (1.0, 1.0, "equal"), (0, 5, "none left"), (5, 0, "only here"), (50, 100, "50 % less"), (150, 100, "50 % more"),
        (10, 1000, "1/100 of it"), (1000, 10, "100 times as much"),
    ]) func comparisons(first: Double, second: Double, text: String) {
        #expect(ComparisonTable.comparison(first, with: second) == text)
    }
}
