import Foundation
import SluiceGateway
import SluiceMarket
import SluiceRegistry
import SluiceTypes
import Testing

@testable import sluice

/// Time of models and apps stands in the books beside pixels.
@Suite(.timeLimit(.minutes(1))) struct UseBookingTests {
    private static let orchestrator = OrchestratorID("https://ai:8935")

    private func runner(_ app: String, _ price: RunnerPrice?) -> RemoteRunner {
        RemoteRunner(path: "/x", orchestrator: Self.orchestrator, app: app, mode: .persistent, price: price, capacity: 1, available: 1)
    }

    /// Offers of an orchestrator that tells its prices, and what was booked.
    private func booked(_ body: (MarketBench) throws -> Void) async throws -> [UsageLine] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("market-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let registry = try Registry(path: folder.appendingPathComponent("r.sqlite").path)
        var prices = PriceTerms()
        prices.bases = [.init(pipeline: "live-video-to-video", wei: 7, unit: .second)]
        var entry = MarketBench.entry("ai")
        entry.market = MarketTerms(
            models: [.init(pipeline: "live-video-to-video", name: "noop", isWarm: true, capacity: 4, inUse: 0)], prices: prices)
        let acme = TenantSettings(name: "acme", prefixes: ["ac-"], keys: [], serviceLevel: .none)
        var lines: [UsageLine] = []
        try await MarketBench.serving([entry], flags: ["rates": "USD=0.0003ETH"], tenants: [acme], registry: registry) { bench in
            try body(bench)
            bench.market.lane?.finish()
            await bench.market.lane?.run()
            lines = try await registry.usage(UsageFilter())
        }
        return lines
    }

    @Test func liveVideoIsBookedByTheSecondForItsTenant() async throws {
        let stream = try #require(StreamID("ac-cam"))
        let lines = try await booked { bench in
            bench.levels.opened(stream, tenant: "acme", .none)
            for seconds in [30, 12] as [Int64] {
                bench.market.used(LiveVideoUse(stream: stream, orchestrator: Self.orchestrator, model: "noop", seconds: seconds))
            }
            bench.market.used(LiveVideoUse(stream: stream, orchestrator: OrchestratorID("https://free:1"), model: "noop", seconds: 5))
        }
        let line = try #require(lines.first { $0.orchestrator == Self.orchestrator.rawValue })
        #expect(line.tenant == "acme" && line.stream == "ac-cam" && line.capability == "live-video-to-video/noop")
        #expect(line.kind == .session && line.unit == .second && line.units == 42 && line.milliseconds == 42_000)
        #expect(line.fee.description == "294")
        let free = try #require(lines.first { $0.orchestrator == "https://free:1" })
        #expect(free.units == 5 && free.price == nil)
    }

    @Test func appsAreBookedByTheSecondTheJobAndThePixel() async throws {
        let lines = try await booked { bench in
            bench.market.used(AppUse(runner: runner("hourly", RunnerPrice(amount: 3.6, unit: .hour)), seconds: 10, jobs: 0))
            bench.market.used(AppUse(runner: runner("hourly", RunnerPrice(amount: 3.6, unit: .hour)), seconds: 0, jobs: 1))
            bench.market.used(AppUse(runner: runner("fixed", RunnerPrice(amount: 2, unit: .fixed)), seconds: 99, jobs: 1))
            bench.market.used(AppUse(runner: runner("hd", RunnerPrice(amount: 1, unit: .hd)), seconds: 2, jobs: 0))
            bench.market.used(AppUse(runner: runner("unpriced", nil), seconds: 3, jobs: 0))
        }
        func line(_ name: String) throws -> UsageLine { try #require(lines.first { $0.capability == name }) }
        // 3.6 USD an hour is 0.001 USD a second; a USD is 3e14 wei.
        #expect(try line("hourly").units == 10 && line("hourly").unit == .second)
        #expect(try line("hourly").fee.description == "3000000000000")
        #expect(try line("fixed").units == 1 && line("fixed").unit == .job && line("fixed").fee.description == "600000000000000")
        #expect(try line("hd").unit == .pixel && line("hd").units == 2 * 1280 * 720 * 30)
        #expect(try line("unpriced").units == 3 && line("unpriced").price == nil)
        #expect(lines.allSatisfy { $0.orchestrator == Self.orchestrator.rawValue && $0.kind == .session })
    }
}
