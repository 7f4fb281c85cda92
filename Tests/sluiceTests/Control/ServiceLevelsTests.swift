import Foundation
import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

@Suite struct ServiceLevelsTests {
    private func change(_ json: String) throws -> ServiceLevelChange { try ServiceLevelChange(json: Data(json.utf8)) }
    private func stream(_ name: String) throws -> StreamID { try #require(StreamID(name)) }

    private func levels() throws -> ServiceLevels {
        ServiceLevels(
            node: ServiceLevel(maxPrice: 100),
            tenants: [
                TenantSettings(name: "acme", prefixes: ["acme-"], keys: [], serviceLevel: try change(#"{"latency": "50%"}"#)),
                TenantSettings(name: "acme-news", prefixes: ["acme-news-"], keys: ["secret"], serviceLevel: .none),
            ])
    }

    @Test func aStreamBelongsByItsKeyThenByTheLongestBeginning() throws {
        let levels = try levels()
        #expect(levels.tenant(of: try stream("acme-cam"), key: nil) == "acme")
        #expect(levels.tenant(of: try stream("acme-news-1"), key: "other") == "acme-news")
        #expect(levels.tenant(of: try stream("acme-cam"), key: "secret") == "acme-news")
        #expect(levels.tenant(of: try stream("other"), key: nil) == nil)
    }

    @Test func theStreamsLiesOnTheTenantsOnTheNodes() throws {
        let levels = try levels()
        let cam = try stream("acme-cam")
        let other = try stream("other")
        levels.opened(cam, tenant: "acme", try change(#"{"percentile": 0.5}"#))
        levels.opened(other, tenant: nil, .none)
        #expect(levels.level(of: cam) == ServiceLevel(latency: .share(0.5), percentile: 0.5, maxPrice: 100))
        levels.changeNode(try change(#"{"maxPricePerPixelWei": 7, "latency": "90%"}"#))
        #expect(levels.level(of: cam) == ServiceLevel(latency: .share(0.5), percentile: 0.5, maxPrice: 7))
        #expect(levels.level(of: other) == ServiceLevel(latency: .share(0.9), maxPrice: 7))
        levels.change(tenant: "acme", try change(#"{"maxPricePerPixelWei": 8}"#))
        #expect(levels.level(of: cam).maxPrice == 8 && levels.level(ofTenant: "acme")?.maxPrice == 8)
        #expect(levels.level(ofTenant: "acme-news")?.maxPrice == 7 && levels.level(ofTenant: "nobody") == nil)
        let isOpen = levels.change(stream: cam, try change(#"{"maxPricePerPixelWei": 9}"#))
        #expect(isOpen && levels.level(of: cam).maxPrice == 9)
    }

    @Test func whoHasEndedIsForgotten() throws {
        let levels = try levels()
        let cam = try stream("acme-cam")
        levels.opened(cam, tenant: "acme", .none)
        levels.ended(cam)
        #expect(levels.level(of: cam) == levels.node)
        let isOpen = levels.change(stream: cam, .none)
        #expect(!isOpen)
    }
}
