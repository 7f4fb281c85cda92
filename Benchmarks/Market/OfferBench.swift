import Foundation
import SluiceMarket
import SluiceTypes

/// A catalogue of many offers with a past: the whole list, one change, a quote, and what it takes in memory.
enum OfferBench {
    static func run(offers count: Int) -> String {
        let before = residentMegabytes()
        var catalog = OfferCatalog()
        var book = PerformanceBook()
        let listings = (0..<count).map(listing)
        _ = catalog.update(listings, from: .declared)
        // Six hours of work for everybody: as much history as is kept in memory.
        for number in 0..<count {
            for hour in 0..<6 {
                let outcome = WorkOutcome(
                    end: .done, kind: .primary, duration: 2, finish: 0.2 + Double(number % 50) / 100, pixelsExpected: 1e6, pixels: 1_000_000
                )
                book.add(outcome, of: Offer.Key(id(number), OfferedCapability.transcode), at: Int64(hour) * 3600 + 10)
            }
        }
        let now: Int64 = 6 * 3600
        for one in book.ranking(catalog.all, at: now) { catalog.set(one.standing, of: one.key) }
        let memory = residentMegabytes() - before

        var bytes = 0
        let listing = times(20) { bytes = catalog.json.count }
        var number = 0
        let change = times(200) {
            number += 1
            var changed = listings
            changed[number % count].offers[0].price = Price(pricePerUnit: Int64(10_000 + number), pixelsPerUnit: 1)
            precondition(catalog.update(changed, from: .declared).count <= 2)
        }
        let single = times(2000) {
            number += 1
            var changed = listings[number % count]
            changed.offers[0].price = Price(pricePerUnit: Int64(20_000 + number), pixelsPerUnit: 1)
            precondition(catalog.update(changed.id, changed, from: .declared).count == 1)
        }
        let quote = times(2000) {
            number += 1
            let request = QuoteRequest(
                unitsPerSecond: 27_648_000, duration: 3600, latency: 1, region: "region-\(number % 8)", maxPrice: 1200, limit: 10)
            precondition(catalog.quote(request).suitable > 0)
        }
        let rank = times(10) { _ = book.ranking(catalog.all, at: now) }
        return """
            {"offers": \(count), "listingBytes": \(bytes), "listingMs": \(listing.p50), "listingP99Ms": \(listing.p99), \
            "changeMs": \(change.p50), "changeP99Ms": \(change.p99), "singleMs": \(single.p50), "singleP99Ms": \(single.p99), "quoteMs": \(quote.p50), "quoteP99Ms": \(quote.p99), \
            "rankingMs": \(rank.p50), "memoryMB": \(memory)}
            """
    }

    private static func id(_ number: Int) -> OrchestratorID { OrchestratorID("https://orchestrator-\(number).example:8935") }

    private static func listing(_ number: Int) -> OrchestratorListing {
        OrchestratorListing(
            id: id(number),
            offers: [
                OfferedCapability(
                    pipeline: OfferedCapability.transcode, price: Price(pricePerUnit: Int64(800 + number % 700), pixelsPerUnit: 1),
                    headroom: Headroom(free: 3, total: 10))
            ], capabilities: CapabilitySet([.h264, .mpegTS, .mp4, .hevcEncode]), operatorName: "operator-\(number % 100)",
            region: "region-\(number % 8)",
            gpu: GPU(vendor: "nvidia", model: "NVIDIA L4", memory: 24 << 30, encoders: [.h264, .hevc], gpuClass: .datacenterEncode),
            gpuSource: .declared, version: "0.8.1", isReachable: true, roundTrip: 0.02)
    }

    /// Milliseconds.
    private static func times(_ rounds: Int, _ work: () -> Void) -> (p50: Double, p99: Double) {
        var taken: [Double] = []
        for _ in 0..<rounds {
            let began = ContinuousClock.now
            work()
            taken.append(began.duration(to: .now) / .milliseconds(1))
        }
        taken.sort()
        func at(_ share: Double) -> Double { (taken[min(taken.count - 1, Int(share * Double(taken.count)))] * 1000).rounded() / 1000 }
        return (at(0.5), at(0.99))
    }

    private static func residentMegabytes() -> Double {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return (pages * 4096 / 1e6 * 10).rounded() / 10
    }
}
