import Foundation
import SluiceRegistry
import SluiceTypes

/// Books at a steady pace and says after each batch how much is acknowledged: `acknowledged BOOKINGS UNITS`. Whoever kills it can compare.
enum LedgerBench {
    private static let batch = 250

    static func run(path: String, seconds: Double, rate: Int) async throws {
        let registry = try Registry(path: path)
        var bookings = 0
        var units: Int64 = 0
        var slowest = 0.0
        let began = ContinuousClock.now
        while began.duration(to: .now) < .seconds(seconds) {
            let now = ContinuousClock.now
            let made = (0..<batch).map { number in
                Booking(
                    tenant: "tenant-\(number % 10)", stream: "stream-\(number)", orchestrator: "https://orchestrator-\(number % 100):8935",
                    capability: "transcode", kind: number % 20 == 0 ? .hedge : .primary, unit: .pixel, units: Int64(bookings + number + 1),
                    milliseconds: 2000, price: Price(pricePerUnit: Int64(1000 + number % 7), pixelsPerUnit: 3),
                    at: 1_700_000_000 + Int64(bookings / rate))
            }
            try await registry.book(made)
            bookings += made.count
            units += made.reduce(0) { $0 + $1.units }
            slowest = max(slowest, now.duration(to: .now) / .milliseconds(1))
            say("acknowledged \(bookings) \(units)")
            let due = began.advanced(by: .seconds(Double(bookings) / Double(rate)))
            if rate > 0, due > .now { try await Task.sleep(until: due) }
        }
        let took = began.duration(to: .now) / .seconds(1)
        let lines = try await registry.usage(UsageFilter(groups: []))
        say(
            "{\"bookings\": \(bookings), \"perSecond\": \(Int(Double(bookings) / took)), \"slowestBatchMs\": \((slowest * 10).rounded() / 10), \"exact\": \(lines.reduce(0) { $0 + $1.units } == units)}"
        )
        try registry.close()
    }

    /// At once, whatever stands behind the pipe.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
