import SluiceProto
import SluiceTypes
import SwiftProtobuf
import Testing

@testable import SluiceWire

@Suite struct MarketTermsTests {
    private static var terms: MarketTerms {
        var prices = PriceTerms()
        prices.bases = [
            .init(pipeline: "transcode", wei: 100, unit: .pixel),
            .init(pipeline: "live-video-to-video", model: "noop", wei: 0.25, units: 3600, unit: .second),
        ]
        prices.gpuClasses = ["datacenter-encode": 1.2]
        prices.models = ["noop": 2]
        prices.regions = ["eu": 1.1]
        prices.latency = [.init(mark: 0.3, factor: 1.5), .init(mark: 0.6, factor: 1.2)]
        prices.throughput = [.init(mark: 1e7, factor: 0.9)]
        (prices.surge, prices.idle, prices.validity, prices.load) = (1.5, 0.8, 45, "surge")
        return MarketTerms(
            region: "eu", gpuClass: "datacenter-encode", encoderSlots: 8, sessions: 20, sessionsInUse: 7, minimumVersion: "0.1.0",
            models: [
                .init(
                    pipeline: "live-video-to-video", name: "noop", version: "2", digest: "sha256:00ff", isWarm: true, capacity: 4, inUse: 1)
            ], prices: prices)
    }

    @Test func theyComeBackAsTheyWent() throws {
        let bytes: [UInt8] = try Self.terms.message.serializedBytes()
        #expect(MarketTerms(try Net_MarketTerms(serializedBytes: bytes)) == Self.terms)
        #expect(MarketTerms(MarketTerms().message) == MarketTerms())
    }

    @Test func whatIsImpossibleIsNotTakenByHalves() {
        func broken(_ change: (inout Net_MarketTerms) -> Void) -> MarketTerms? {
            var message = Self.terms.message
            change(&message)
            return MarketTerms(message)
        }
        #expect(broken { _ in } != nil)
        #expect(broken { $0.version = 2 } == nil)
        #expect(broken { $0.region = String(repeating: "x", count: 201) } == nil)
        #expect(broken { $0.region = "a\nb" } == nil)
        #expect(broken { $0.models[0].model = "" } == nil)
        #expect(broken { $0.models = Array(repeating: $0.models[0], count: 501) } == nil)
        #expect(broken { $0.prices.bases[0].wei = -1 } == nil)
        #expect(broken { $0.prices.bases[0].wei = .nan } == nil)
        #expect(broken { $0.prices.bases[0].wei = 1e30 } == nil)
        #expect(broken { $0.prices.bases[0].units = 0 } == nil)
        #expect(broken { $0.prices.bases[0].unit = "frames" } == nil)
        #expect(broken { $0.prices.surge = 0 } == nil)
        #expect(broken { $0.prices.latency[0].factor = .infinity } == nil)
        #expect(broken { $0.prices.throughput[0].mark = -1 } == nil)
        #expect(broken { $0.prices.least = 5 } == nil)
        #expect(broken { $0.prices.load = "asleep" } == nil)
        #expect(broken { $0.prices.validSeconds = 100_000 } == nil)
    }
}
