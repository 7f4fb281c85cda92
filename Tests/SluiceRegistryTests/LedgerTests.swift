import SluiceTypes
import Testing

@testable import SluiceRegistry

@Suite struct LedgerTests {
    @Test func bookingsAreSummedByLineAndExact() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        try await registry.book([booking(), booking(units: 7), booking(kind: .hedge), booking(kind: .canary, price: nil)])
        try await registry.book([booking(units: 3), booking(stream: "other")])
        let lines = try await registry.usage(UsageFilter(stream: "cam"))
        #expect(lines.map(\.kind) == [.canary, .hedge, .primary])
        let primary = try #require(lines.last)
        #expect(primary.units == 1010 && primary.bookings == 3 && primary.milliseconds == 6000)
        #expect(primary.price == Price(pricePerUnit: 1, pixelsPerUnit: 3) && lines.first?.price == nil)
        try registry.close()
    }

    @Test func linesAreGroupedAndCutByTime() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        try await registry.book((0..<10).map { booking(stream: "s\($0)", units: 1, at: Int64($0) * 3600) })
        #expect(try await registry.usage(UsageFilter(groups: [.tenant])).map(\.units) == [10])
        #expect(try await registry.usage(UsageFilter(from: 3600, to: 3 * 3600, groups: [.hour])).map(\.hour) == [3600, 7200])
        #expect(try await registry.usage(UsageFilter(tenant: "nobody")).isEmpty)
        try registry.close()
    }

    @Test func namesAreNoCode() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        let name = "'; DROP TABLE usage; --"
        try await registry.book([booking(tenant: name, stream: name, orchestrator: name)])
        #expect(try await registry.usage(UsageFilter(tenant: name, stream: name, orchestrator: name)).map(\.tenant) == [name])
        try registry.close()
    }

    @Test func hoursBecomeDaysWithoutLosingAUnit() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        try await registry.book((0..<48).map { booking(units: 5, at: Int64($0) * 3600) })
        try await registry.rollUp(before: 30 * 3600)
        let lines = try await registry.usage(UsageFilter(groups: [.hour]))
        #expect(lines.count == 25 && lines.first?.units == 120)
        #expect(lines.reduce(0) { $0 + $1.units } == 240)
        // Of older days the names go, and what was owed stays.
        #expect(try await registry.usage(UsageFilter()).allSatisfy { $0.stream?.isEmpty == false })
        try await registry.rollUp(before: 48 * 3600, namesBefore: 24 * 3600)
        let named = try await registry.usage(UsageFilter(groups: [.hour, .stream]))
        #expect(named.map { $0.stream?.isEmpty } == [true, false])
        #expect(named.reduce(0) { $0 + $1.units } == 240)
        try registry.close()
    }

    @Test func whatWasBookedIsThereAfterwards() async throws {
        let folder = try Folder()
        let first = try Registry(path: folder.file)
        try await first.book([booking()])
        try first.close()
        let second = try Registry(path: folder.file)
        #expect(try await second.usage(UsageFilter()).map(\.units) == [1000])
        try second.close()
    }

    @Test func offersPricesAndHistoryAreRememberedInTheirBounds() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        func record(_ wei: Int64, at moment: Int64) -> OfferRecord {
            OfferRecord(
                orchestrator: "one", pipeline: "transcode", model: "", body: [1, 2], seen: moment,
                price: Price(pricePerUnit: wei, pixelsPerUnit: 1))
        }
        for moment in 0..<300 { try await registry.remember([record(Int64(moment / 2), at: Int64(moment))]) }
        #expect(try await registry.offers().map(\.seen) == [299])
        let prices = try await registry.prices(orchestrator: "one", pipeline: "transcode", model: "")
        #expect(prices.count == 150 && prices.first?.price.pricePerUnit == 149 && prices.last?.at == 0)

        func span(_ start: Int64, _ width: Int64) -> HistoryRecord {
            HistoryRecord(orchestrator: "one", pipeline: "transcode", model: "", width: width, start: start, tally: [9])
        }
        let month: Int64 = 30 * 86_400
        try await registry.remember([span(0, 3600), span(0, 86_400)], at: 0)
        try await registry.remember([span(month, 3600)], at: month)
        #expect(try await registry.history(since: 0).map(\.width) == [86_400, 3600])
        #expect(try await registry.history(since: 1, orchestrator: "one").map(\.start) == [month])
        try registry.close()
    }
}
