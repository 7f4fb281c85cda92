import SluiceTypes

extension OfferCatalog {
    /// The best fits: first those predicted to keep the latency, among them by price over score. One walk over the flat rows.
    ///
    /// Full offers are left out where their headroom is told and 0.
    package func quote(_ request: QuoteRequest) -> QuoteAnswer {
        var request = request
        if let load = request.assumedLoad { assume(load, in: &request) }
        let question = Question(request, names)
        var obstacles = [Int](repeating: 0, count: QuoteObstacle.allCases.count)
        var cheapest: Double?
        var found: [(slot: Int, wei: Double)] = []
        rows.withUnsafeBufferPointer { rows in
            for slot in rows.indices where rows[slot].isUsed {
                let wei = question.assumed[rows[slot].orchestrator] ?? rows[slot].wei
                guard let obstacle = question.obstacle(rows[slot], wei) else {
                    found.append((slot, wei))
                    continue
                }
                if obstacle == .price { cheapest = min(cheapest ?? wei, wei) }
                obstacles[obstacle.place] += 1
            }
        }
        if let version = request.minimumVersion, !version.isEmpty {
            let before = found.count
            found.removeAll { !VersionText.isAtLeast(offers[$0.slot]?.version ?? "", version) }
            obstacles[QuoteObstacle.version.place] += before - found.count
        }
        if !ownVersion.isEmpty {
            let before = found.count
            found.removeAll { one in
                guard let least = offers[one.slot]?.offered.minimumVersion, !least.isEmpty else { return false }
                return !VersionText.isAtLeast(ownVersion, least)
            }
            obstacles[QuoteObstacle.version.place] += before - found.count
        }
        let suitable = found.count
        let best = ranked(found, question, request)
        return QuoteAnswer(
            candidates: best.compactMap { candidate($0, question, request) }, suitable: suitable,
            obstacles: Dictionary(
                uniqueKeysWithValues: QuoteObstacle.allCases.filter { obstacles[$0.place] > 0 }.map { ($0, obstacles[$0.place]) }),
            cheapestAboveCeiling: cheapest)
    }

    private func ranked(
        _ found: [(slot: Int, wei: Double)], _ question: Question, _ request: QuoteRequest
    ) -> [(slot: Int, wei: Double)] {
        // A hundredth of the mean price stands in for nothing, so that among the free ones the score decides.
        let least = max(found.reduce(0) { $0 + $1.wei } / Double(max(found.count, 1)) / 100, 1e-9)
        var marked = found.map { one -> (rank: Double, slot: Int, wei: Double) in
            let standing = rows[one.slot].standing
            let value = (one.wei + least) / max(Double(standing.score), 0.01)
            return (question.keepsLatency(rows[one.slot]) == false ? value + 1e30 : value, one.slot, one.wei)
        }
        let wanted = min(max(request.limit, 1), QuoteRequest.mostCandidates)
        // A handful of ten thousand: picking is cheaper than sorting.
        var best: [(rank: Double, slot: Int, wei: Double)] = []
        if marked.count <= wanted * 4 {
            marked.sort { ($0.rank, $0.slot) < ($1.rank, $1.slot) }
            best = Array(marked.prefix(wanted))
        } else {
            for one in marked where best.count < wanted || one.rank < best[best.count - 1].rank {
                let place = best.firstIndex { one.rank < $0.rank } ?? best.count
                best.insert(one, at: place)
                if best.count > wanted { best.removeLast() }
            }
        }
        return best.map { ($0.slot, $0.wei) }
    }

    private func candidate(_ found: (slot: Int, wei: Double), _ question: Question, _ request: QuoteRequest) -> QuoteCandidate? {
        guard let offer = offers[found.slot] else { return nil }
        let row = rows[found.slot]
        let isKnown = row.standing.samples >= 1
        let span = request.segmentDuration
        return QuoteCandidate(
            offer: offer, weiPerUnit: found.wei, total: found.wei * FeeEstimate.units(request, row.unit),
            latencyP50: isKnown ? Double(row.standing.p50) * span : nil, latencyP95: isKnown ? Double(row.standing.p95) * span : nil,
            keepsLatency: question.keepsLatency(row), confidence: Double(row.standing.samples / (row.standing.samples + Self.halfSure)),
            score: Double(row.standing.score), weiAtTerms: offer.prices.flatMap { PriceFunction.weiPerUnit($0, ask(request, offer)) })
    }

    private func ask(_ request: QuoteRequest, _ offer: Offer) -> PriceAsk {
        PriceAsk(
            pipeline: offer.offered.pipeline, model: offer.offered.model?.name, gpuClass: offer.gpu?.gpuClass.rawValue,
            region: offer.region,
            latencyShare: request.latency.map { $0 / request.segmentDuration }, unitsPerSecond: request.unitsPerSecond)
    }

    /// Prices as they would be at this load, for what is asked; those that were assumed by name stand.
    private func assume(_ load: Double, in request: inout QuoteRequest) {
        for offer in offers {
            guard let offer, offer.offered.pipeline == request.pipeline, request.assumedPrices[offer.orchestrator] == nil,
                let prices = offer.prices, let wei = PriceFunction.weiPerUnit(prices, ask(request, offer), load: load)
            else { continue }
            request.assumedPrices[offer.orchestrator] = wei
        }
    }

    /// So many segments make a prediction half sure.
    private static let halfSure: Float = 20

    /// A request with its names as numbers.
    private struct Question {
        let pipeline: Int32
        let model: Int32
        let hasModel: Bool
        let region: Int32
        let hasRegion: Bool
        let classes: [Int32]
        let hasClasses: Bool
        let codecs: UInt8
        let capabilities: UInt64
        let memory: Int64
        let mustBeWarm: Bool
        let maxPrice: Double
        let latencyShare: Float?
        let excluded: Set<Int32>
        let assumed: [Int32: Double]

        init(_ request: QuoteRequest, _ names: NameTable) {
            pipeline = names.find(request.pipeline)
            model = names.find(request.model)
            hasModel = request.model != nil
            region = names.find(request.region)
            hasRegion = request.region != nil
            classes = request.gpuClasses.map { names.find($0) }.filter { $0 >= 0 }
            hasClasses = !request.gpuClasses.isEmpty
            codecs = request.codecs.reduce(0) { $0 | $1.bit }
            capabilities = request.capabilities.words.first ?? 0
            memory = request.leastMemory
            mustBeWarm = request.mustBeWarm
            maxPrice = request.maxPrice ?? .infinity
            latencyShare = request.latency.map { Float($0 / max(request.segmentDuration, 0.001)) }
            excluded = Set(request.without.map { names.find($0.rawValue) })
            assumed = Dictionary(
                request.assumedPrices.map { (names.find($0.key.rawValue), $0.value) }, uniquingKeysWith: { first, _ in first })
        }

        func obstacle(_ row: OfferRow, _ wei: Double) -> QuoteObstacle? {
            guard row.pipeline == pipeline else { return .pipeline }
            if !excluded.isEmpty, excluded.contains(row.orchestrator) { return .excluded }
            if hasModel, row.model != model { return .model }
            if !row.isReachable { return .unreachable }
            // One of which no codec is known may do: the answer of its own will say.
            if codecs != 0, row.codecs != 0, codecs & ~row.codecs != 0 { return .codec }
            if capabilities != 0, capabilities & ~row.capabilities != 0 { return .capabilities }
            if hasRegion, row.region != region { return .region }
            if hasClasses, !classes.contains(row.gpuClass) { return .gpuClass }
            if memory > 0, row.memory < memory { return .memory }
            if mustBeWarm, !row.isWarm { return .cold }
            if row.free <= 0 { return .full }
            return wei > maxPrice ? .price : nil
        }

        func keepsLatency(_ row: OfferRow) -> Bool? {
            guard let latencyShare, row.standing.samples >= 1 else { return nil }
            return row.standing.p95 <= latencyShare
        }
    }
}

extension QuoteObstacle {
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
