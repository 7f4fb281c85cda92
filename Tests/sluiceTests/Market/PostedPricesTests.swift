import Foundation
import SluiceMarket
import SluiceNetwork
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite struct PostedPricesTests {
    private func settings(_ flags: [String: String]) throws -> PricingSettings {
        var reader = try SettingsReader(
            file: nil, flags: Dictionary(uniqueKeysWithValues: flags.map { ("pricing.\($0.key)", $0.value) }), environment: [:])
        return try PricingSettings(&reader)
    }

    @Test func aSessionKeepsItsPriceWhileThatIsPromised() throws {
        let load = Mutex(0.5)
        let now = Mutex<Int64>(1000)
        let prices = PostedPrices(
            try settings(["base": "transcode = 100 wei per pixel", "surge": "2", "quoteSeconds": "60"]), load: { load.withLock { $0 } },
            clock: { now.withLock { $0 } })
        let session = SessionID("s")
        #expect(prices.price(of: session)?.weiPerPixel == 100)
        load.withLock { $0 = 0.95 }
        #expect(prices.price(of: SessionID("other"))?.weiPerPixel == 200)
        #expect(prices.price(of: session)?.weiPerPixel == 100)
        now.withLock { $0 = 1061 }
        #expect(prices.price(of: session)?.weiPerPixel == 200)
    }

    @Test func aDollarPriceNeedsARate() throws {
        let without = PostedPrices(try settings(["base": "transcode = 0.001USD per 1000000 pixels"]), load: { 0 })
        #expect(without.objection?.contains("nobody knows the currency USD") == true)
        let with = PostedPrices(
            try settings(["base": "transcode = 0.001USD per 1000000 pixels", "rates": "USD=0.0004ETH"]), load: { 0.5 })
        #expect(with.objection == nil && with.price(of: SessionID("s"))?.weiPerPixel == 400_000)
    }

    /// A quote that is over is not taken for one that never was.
    @Test func anExpiredQuoteIsRefusedWithItsAge() throws {
        let load = Mutex(0.5)
        let now = Mutex<Int64>(1000)
        let prices = PostedPrices(
            try settings(["base": "transcode = 100 wei per pixel", "surge": "2", "quoteSeconds": "60"]), load: { load.withLock { $0 } },
            clock: { now.withLock { $0 } })
        let session = SessionID("s")
        let (old, new) = (
            try #require(Price(pricePerUnit: 100, pixelsPerUnit: 1)), try #require(Price(pricePerUnit: 200, pixelsPerUnit: 1))
        )
        #expect(prices.objection(to: old, of: session) == nil)
        load.withLock { $0 = 0.95 }
        now.withLock { $0 = 1060 }
        #expect(prices.objection(to: old, of: session) == nil, "work that comes within the time has its price")
        now.withLock { $0 = 1072 }
        #expect(
            prices.objection(to: old, of: session)
                == "the quote of 100 wei for a unit for this session expired 12 s ago; now it is 200 wei for a unit")
        #expect(prices.objection(to: new, of: session) == nil)
        let claim = try #require(Price(pricePerUnit: 1, pixelsPerUnit: 1))
        #expect(
            prices.objection(to: claim, of: session) == "the payment names 1 wei for a unit, but this session was quoted 200 wei for a unit"
        )
    }

    @Test func whatIsToldIsWhatTheSettingsSay() throws {
        let prices = PostedPrices(
            try settings([
                "base": "transcode = 100 wei per pixel,x = 1 USD per job", "encoderSlots": "7", "minimumVersion": "0.2.0", "region": "eu",
            ]), load: { 0.9 })
        let terms = prices.terms(sessions: 10, inUse: 9, models: [])
        #expect(terms.encoderSlots == 7 && terms.minimumVersion == "0.2.0" && terms.region == "eu")
        #expect(terms.prices?.load == "surge" && terms.prices?.bases.map(\.pipeline) == ["transcode"])
        #expect(PostedPrices(try settings([:]), load: { 0 }).terms(sessions: 1, inUse: 0, models: []).prices == nil)
    }

    @Test func withoutABaseNothingIsAsked() throws {
        #expect(PostedPrices(try settings([:]), load: { 1 }).price(of: SessionID("s")) == nil)
    }

    @Test func everyBaseIsOnTheWireWithItsNumber() throws {
        let prices = PostedPrices(
            try settings(["base": "transcode = 100 wei per pixel,live-video-to-video/noop = 7 wei per second,my-app = 1 wei per job"]),
            load: { 0.5 })
        let asked = prices.asked.capabilities()
        #expect(asked.map(\.number) == [0, 35, 37] && asked.map(\.constraint) == ["", "noop", "my-app"])
    }

    @Test(arguments: [
        ("base", "transcode 100"), ("base", "transcode = 100 wei"), ("base", "transcode = -1 wei per pixel"),
        ("base", "transcode = 5 wei per 0 pixel"), ("base", "= 5 wei per pixel"), ("gpuClasses", "cpu"), ("regions", "eu=-1"),
        ("latency", "soon=2"), ("rates", "USD=5USD"), ("rates", "wei=5"), ("least", "5"), ("idleBelow", "0.75"), ("surge", "0"),
    ])
    func aSettingThatCannotBeIsSaid(key: String, value: String) {
        #expect(throws: SettingsError.self) { try settings([key: value]) }
    }
}
