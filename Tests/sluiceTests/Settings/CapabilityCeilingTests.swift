import Foundation
import SluiceMarket
import Testing

@testable import sluice

/// The reference's `-maxPricePerCapability` (specs/gateway-surface §13).
@Suite struct CapabilityCeilingTests {
    private static let text = """
        {"capabilities_prices": [
          {"pipeline": "text-to-image", "model_id": "default", "price_per_unit": 20, "pixels_per_unit": 4},
          {"pipeline": "text-to-image", "model_id": "big", "price_per_unit": "0.5", "pixels_per_unit": 1000, "currency": "USD"},
          {"pipeline": "llm", "price_per_unit": 3}
        ]}
        """

    @Test func ceilingsOfCapabilitiesAndTheirModels() throws {
        var settings = try MarketBench.settings(["maxPricePerCapability": Self.text, "rates": "USD=0.0003ETH"])
        var ceilings = settings.ceilings(node: 900, ordered: [], settings.rates.book, at: 0)
        #expect(ceilings.ceiling(pipeline: "text-to-image", model: "small", tenant: nil) == 5)
        #expect(ceilings.ceiling(pipeline: "text-to-image", model: "big", tenant: nil) == 1.5e11)
        #expect(ceilings.ceiling(pipeline: "llm", model: "any", tenant: nil) == 3)
        #expect(ceilings.ceiling(pipeline: "transcode", model: nil, tenant: nil) == 900)
        // Our own words go before the reference's.
        settings = try MarketBench.settings(["maxPricePerCapability": Self.text, "maxPrices": "llm = 2 wei per pixel"])
        ceilings = settings.ceilings(node: nil, ordered: [], settings.rates.book, at: 0)
        #expect(ceilings.ceiling(pipeline: "llm", model: nil, tenant: nil) == 2)
        ceilings.tenants = ["acme": 1]
        #expect(ceilings.ceiling(pipeline: "llm", model: nil, tenant: "acme") == 1)
        // What nobody can reckon is the strictest there is.
        #expect(ceilings.ceiling(pipeline: "text-to-image", model: "big", tenant: nil) == 0)
    }

    @Test func aFileIsAsGood() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("prices-\(UUID().uuidString).json")
        try Data(Self.text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try MarketBench.settings(["maxPricePerCapability": file.path]).maxPrices.count == 3)
    }

    @Test(arguments: [
        ("/no/such/file", "there is no such file"), ("{]", "is right"), ("{\"prices\": []}", "capabilities_prices"),
        ("{\"capabilities_prices\": [7]}", "capabilities_prices[0] is no object"),
        ("{\"capabilities_prices\": [{\"price_per_unit\": 1}]}", "has no pipeline"),
        ("{\"capabilities_prices\": [{\"pipeline\": \"x\"}]}", "has the price_per_unit nothing"),
        ("{\"capabilities_prices\": [{\"pipeline\": \"x\", \"price_per_unit\": -1}]}", "has the price_per_unit -1"),
        ("{\"capabilities_prices\": [{\"pipeline\": \"x\", \"price_per_unit\": true}]}", "has the price_per_unit"),
        ("{\"capabilities_prices\": [{\"pipeline\": \"x\", \"price_per_unit\": 1, \"pixels_per_unit\": 0}]}", "pixels_per_unit 0"),
        ("{\"capabilities_prices\": [{\"pipeline\": \"x\", \"price_per_unit\": 1, \"currency\": \"$$\"}]}", "currency '$$'"),
    ])
    func whatIsNoneIsSaid(text: String, wish: String) {
        let error = #expect(throws: SettingsError.self) { try MarketBench.settings(["maxPricePerCapability": text]) }
        #expect(error?.description.contains(wish) == true, "\(String(describing: error))")
        #expect(error?.description.contains("marketplace.maxPricePerCapability") == true)
    }
}
