import SluiceTypes

extension Offer {
    /// On one line, as `GET /marketplace/offers` lists it.
    package var json: [UInt8] {
        var text = JSONText()
        text.open()
        Self.put(key, into: &text)
        text.put("modelVersion", offered.model?.version)
        text.put("modelDigest", offered.model?.digest)
        if let price = offered.price {
            text.open("price")
            text.put("wei", price.pricePerUnit)
            text.put("per", price.pixelsPerUnit)
            text.put("unit", offered.unit.rawValue)
            text.put("weiPerUnit", price.weiPerPixel)
            text.close()
        }
        text.put("warm", offered.isWarm)
        if let headroom = offered.headroom {
            text.open("headroom")
            text.put("free", headroom.free)
            text.put("total", headroom.total)
            text.close()
        }
        text.put("minimumVersion", offered.minimumVersion)
        text.put("operator", operatorName)
        text.put("region", region)
        if let gpu {
            text.open("gpu")
            text.put("model", gpu.model)
            text.put("class", gpu.gpuClass.rawValue)
            text.put("memory", gpu.memory > 0 ? gpu.memory : nil)
            text.put("encoderSlots", encoderSlots)
            text.put("source", gpuSource?.rawValue)
            text.close()
        }
        text.put("codecs", codecs.map(\.rawValue))
        if !capabilities.words.isEmpty {
            text.open("capabilityBits", "[")
            for number in capabilities.subtracting(CapabilitySet()) { text.put(nil, number) }
            text.close("]")
        }
        text.put("version", version.isEmpty ? nil : version)
        text.put("reachable", isReachable)
        text.put("roundTripMs", roundTrip.map { ($0 * 10_000).rounded() / 10 })
        text.put("trust", trust)
        text.put("sources", sources.map(\.rawValue))
        text.open("provenance")
        for fact in OfferFact.allCases { text.put(fact.rawValue, provenance[fact]?.rawValue) }
        text.close()
        text.close()
        return text.bytes
    }

    static func json(of key: Key) -> [UInt8] {
        var text = JSONText(capacity: 128)
        text.open()
        put(key, into: &text)
        text.close()
        return text.bytes
    }

    private static func put(_ key: Key, into text: inout JSONText) {
        text.put("orchestrator", key.orchestrator.rawValue)
        text.put("pipeline", key.pipeline)
        text.put("model", key.model)
    }
}
