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
            text.put("source", gpuSource?.rawValue)
            text.close()
        }
        text.put("encoderSlots", encoderSlots)
        if let prices, prices.bases.contains(where: { $0.pipeline == offered.pipeline }) { put(prices, into: &text) }
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

    private func put(_ prices: PriceTerms, into text: inout JSONText) {
        text.open("priceFunction")
        if let base = PriceFunction(prices).base(of: offered.pipeline, model: offered.model?.name) {
            text.put("baseWei", base.price.amount / Double(base.per))
            text.put("unit", base.unit.rawValue)
        }
        func put(_ name: String, _ table: [String: Double]) {
            guard !table.isEmpty else { return }
            text.open(name)
            for (key, factor) in table.sorted(by: { $0.key < $1.key }) { text.put(key, factor) }
            text.close()
        }
        func put(_ name: String, _ steps: [PriceTerms.Step]) {
            guard !steps.isEmpty else { return }
            text.open(name, "[")
            for step in steps {
                text.open()
                text.put("mark", step.mark)
                text.put("factor", step.factor)
                text.close()
            }
            text.close("]")
        }
        put("gpuClasses", prices.gpuClasses)
        put("models", prices.models)
        put("regions", prices.regions)
        put("latency", prices.latency)
        put("throughput", prices.throughput)
        text.open("load")
        text.put("now", prices.load)
        text.put("surgeFrom", prices.surgeFrom)
        text.put("surge", prices.surge)
        text.put("idleBelow", prices.idleBelow)
        text.put("idle", prices.idle)
        text.close()
        text.put("least", prices.bounds.lowerBound)
        text.put("most", prices.bounds.upperBound)
        text.put("holdsSeconds", prices.validity)
        text.close()
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
