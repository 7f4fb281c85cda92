import Foundation
import SluiceRegistry
import SluiceTypes
import Testing

/// What was acknowledged is in the books, whenever the process that kept them is killed.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LedgerKillTests {
    /// Batches acknowledged before the process dies; the moment within the next batch is left to chance.
    @Test(arguments: [1, 7, 23, 60]) func aKilledProcessLosesNothingAcknowledged(batches: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("books-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("books.sqlite").path
        let benchmark = URL(fileURLWithPath: SluiceBinary.path).deletingLastPathComponent().appendingPathComponent("MarketBenchmark").path
        let program = try Program([benchmark, "ledger", path, "100", "1000000"])
        func acknowledged() -> [(bookings: Int64, units: Int64)] {
            // The last line may be cut.
            program.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().compactMap { line in
                let words = line.split(separator: " ")
                guard words.count == 3, words[0] == "acknowledged", let bookings = Int64(words[1]), let units = Int64(words[2]) else {
                    return nil
                }
                return (bookings, units)
            }
        }
        _ = try await eventually("batches") { acknowledged().count >= batches ? true : nil }
        program.killAtOnce()
        _ = await program.status()
        let last = try #require(acknowledged().last)

        let registry = try Registry(path: path)
        let lines = try await registry.usage(UsageFilter(groups: []))
        try registry.close()
        let bookings = lines.reduce(0) { $0 + $1.bookings }
        let units = lines.reduce(0) { $0 + $1.units }
        // One batch more may have come to the disk and not been told any more; whole batches alone are there.
        #expect(bookings >= last.bookings && bookings % 250 == 0)
        #expect(units == bookings * (bookings + 1) / 2, "booked are the numbers from 1 on")
        #expect(units >= last.units)
    }
}
