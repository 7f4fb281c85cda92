import Foundation
import SluiceMarket
import SluiceRegistry
import SluiceTypes

/// Reads back what the catalogue wrote of an offer.
enum OfferReading {
    private struct Body: Decodable {
        struct PriceBody: Decodable {
            var wei: Int64
            var per: Int64
            var unit: String
        }

        struct GPUBody: Decodable {
            var model: String
            var `class`: String
            var memory: Int64?
        }

        var orchestrator: String
        var pipeline: String
        var model: String?
        var modelVersion: String?
        var modelDigest: String?
        var price: PriceBody?
        var warm: Bool?
        var minimumVersion: String?
        var `operator`: String?
        var region: String?
        var gpu: GPUBody?
        var capabilityBits: [Int]?
        var version: String?
    }

    /// Those of one orchestrator together; records that cannot be read are left out. Nobody is taken for reachable by it.
    static func listings(_ records: [OfferRecord]) -> [OrchestratorListing] {
        var listings: [OrchestratorListing] = []
        let decoder = JSONDecoder()
        for record in records {
            guard let body = try? decoder.decode(Body.self, from: Data(record.body)) else { continue }
            let offered = OfferedCapability(
                pipeline: body.pipeline, model: body.model.map { ModelName($0, version: body.modelVersion, digest: body.modelDigest) },
                price: body.price.flatMap { Price(pricePerUnit: $0.wei, pixelsPerUnit: $0.per) },
                unit: body.price.flatMap { WorkUnit(rawValue: $0.unit) } ?? .pixel, isWarm: body.warm, minimumVersion: body.minimumVersion)
            let id = OrchestratorID(body.orchestrator)
            if listings.last?.id == id {
                listings[listings.count - 1].offers.append(offered)
                continue
            }
            var capabilities = CapabilitySet()
            for number in body.capabilityBits ?? [] { capabilities.insert(number: number) }
            listings.append(
                OrchestratorListing(
                    id: id, offers: [offered], capabilities: capabilities, operatorName: body.operator, region: body.region,
                    gpu: body.gpu.map { GPU(vendor: "", model: $0.model, memory: $0.memory ?? 0, gpuClass: GPUClass($0.class)) },
                    version: body.version))
        }
        return listings
    }
}

extension CapabilitySet {
    /// Numbers that this build has no name for are kept; those that no bit string would have are not.
    fileprivate mutating func insert(number: Int) {
        guard (0..<1024).contains(number) else { return }
        while words.count <= number / 64 { words.append(0) }
        words[number / 64] |= 1 << UInt64(number % 64)
    }
}
