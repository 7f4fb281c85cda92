package import SluiceTypes

/// A price function as it goes from an orchestrator to a gateway: all of it in wei, so that both reckon the same.
extension PriceFunction {
    /// - Parameter rates: for bases in other currencies; one whose rate is missing or old is left out, as nothing is sold at a guess.
    package func terms(_ state: LoadState, rates: RateBook, at now: Int64) -> PriceTerms {
        var terms = PriceTerms()
        terms.bases = bases.prefix(Self.mostBases).compactMap { base in
            guard let wei = try? rates.wei(in: base.price, at: now).wei else { return nil }
            return PriceTerms.Base(pipeline: base.pipeline, model: base.model, wei: wei, units: base.per, unit: base.unit)
        }
        (terms.gpuClasses, terms.models, terms.regions) = (gpuClasses, models, regions)
        terms.latency = latency.map { .init(mark: $0.mark, factor: $0.factor) }
        terms.throughput = throughput.map { .init(mark: $0.mark, factor: $0.factor) }
        (terms.surgeFrom, terms.surge, terms.idleBelow, terms.idle) = (load.surgeFrom, load.surge, load.idleBelow, load.idle)
        (terms.hysteresis, terms.bounds, terms.validity, terms.load) = (load.hysteresis, bounds, validity, state.rawValue)
        return terms
    }

    package init(_ terms: PriceTerms) {
        self.init(
            bases: terms.bases.compactMap { base in
                Money(base.wei, .wei).map { Base(pipeline: base.pipeline, model: base.model, price: $0, per: base.units, unit: base.unit) }
            })
        (gpuClasses, models, regions) = (terms.gpuClasses, terms.models, terms.regions)
        latency = terms.latency.map { Step($0.mark, $0.factor) }
        throughput = terms.throughput.map { Step($0.mark, $0.factor) }
        load = LoadBands(
            surgeFrom: terms.surgeFrom, surge: terms.surge, idleBelow: terms.idleBelow, idle: terms.idle, hysteresis: terms.hysteresis)
        (bounds, validity) = (terms.bounds, terms.validity)
    }

    /// Wei for a unit of what a base in wei sells; `nil` where nothing of it is sold, or not in wei.
    ///
    /// - Parameter load: 0 to 1; `nil` for the state that was told.
    package static func weiPerUnit(_ terms: PriceTerms, _ ask: PriceAsk, load: Double? = nil) -> Double? {
        let function = PriceFunction(terms)
        let told = LoadState(rawValue: terms.load) ?? .usual
        let state = load.map { function.load.next(after: told, load: $0) } ?? told
        return (try? function.price(ask, state: state, rates: RateBook(), at: 0))?.price.weiPerPixel
    }
}
