package import SluiceTypes

/// An orchestrator's price: a base for each capability, times factors for what is asked and for how full the house is.
///
/// Pure: load, rates and time are arguments. What it says is explained factor by factor (`PricedTerms.steps`).
package struct PriceFunction: Sendable {
    /// What a capability costs before the factors.
    package struct Base: Hashable, Sendable {
        package var pipeline: String
        /// `nil` for every model of the pipeline that has no base of its own.
        package var model: String?
        package var price: Money
        /// Units that the price is for; above 0.
        package var per: Int64
        package var unit: WorkUnit

        package init(pipeline: String, model: String? = nil, price: Money, per: Int64 = 1, unit: WorkUnit = .pixel) {
            self.pipeline = pipeline
            self.model = model
            self.price = price
            self.per = max(1, per)
            self.unit = unit
        }
    }

    /// A factor from a mark on.
    package struct Step: Hashable, Sendable {
        package var mark: Double
        package var factor: Double

        package init(_ mark: Double, _ factor: Double) {
            self.mark = mark
            self.factor = factor
        }
    }

    /// Bases a config may have.
    package static let mostBases = 500

    package var bases: [Base] = []
    package var gpuClasses: [String: Double] = [:]
    /// Complexity, by model.
    package var models: [String: Double] = [:]
    package var regions: [String: Double] = [:]
    /// By the latency promised, as a share of the duration: the smallest mark that is not below it counts.
    package var latency: [Step] = []
    /// By the units a second that are committed to: the largest mark that is not above it counts.
    package var throughput: [Step] = []
    package var load = LoadBands()
    /// All factors together stay in here, whatever they multiply to.
    package var bounds: ClosedRange<Double> = 0.25...4
    /// Seconds for which a quote holds.
    package var validity: Int64 = 60

    package init(bases: [Base] = []) { self.bases = bases }

    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case notSold(pipeline: String, model: String?, sold: [String])
        case rate(RateBook.Problem)

        package var description: String {
            switch self {
            case .notSold(let pipeline, let model, let sold):
                "\(pipeline)\(model.map { "/\($0)" } ?? "") is not sold here; sold are \(sold.isEmpty ? "nothing" : sold.joined(separator: ", "))"
            case .rate(let problem): "\(problem)"
            }
        }
    }

    /// The base of this very model before that of all models of its pipeline.
    package func base(of pipeline: String, model: String?) -> Base? {
        let same = bases.filter { $0.pipeline == pipeline }
        return same.first { $0.model != nil && $0.model == model } ?? same.first { $0.model == nil }
    }

    package func price(_ ask: PriceAsk, state: LoadState, rates: RateBook, at now: Int64) throws(Problem) -> PricedTerms {
        guard let base = base(of: ask.pipeline, model: ask.model) else {
            throw .notSold(
                pipeline: ask.pipeline, model: ask.model, sold: bases.map { $0.pipeline + ($0.model.map { "/\($0)" } ?? "") })
        }
        let converted: (wei: Double, rate: ExchangeRate?)
        do { converted = try rates.wei(in: base.price, at: now) } catch { throw .rate(error) }
        let baseWei = converted.wei / Double(base.per)
        var steps = [
            PricedTerms.Step(name: "base", factor: 1, words: words(base, baseWei, converted.rate, now))
        ]
        steps += factors(ask, state)
        let raw = steps.reduce(1) { $0 * $1.factor }
        let factor = min(max(raw, bounds.lowerBound), bounds.upperBound)
        if factor != raw {
            steps.append(
                PricedTerms.Step(
                    name: "bounds", factor: factor / raw,
                    words:
                        "all factors together are ×\(raw.plain), and stay within ×\(bounds.lowerBound.plain) to ×\(bounds.upperBound.plain)"
                ))
        }
        return PricedTerms(
            pipeline: ask.pipeline, model: ask.model, unit: base.unit, price: Price(wei: converted.wei * factor, per: base.per),
            steps: steps,
            validUntil: now + validity)
    }

    private func words(_ base: Base, _ wei: Double, _ rate: ExchangeRate?, _ now: Int64) -> String {
        let units = base.per == 1 ? "a \(base.unit.rawValue)" : "\(base.per) \(base.unit.rawValue)s"
        let text = "\(base.price) for \(units)"
        guard let rate else {
            return base.price.currency == .wei && base.per == 1 ? text : "\(text): \(wei.plain) wei for a \(base.unit.rawValue)"
        }
        return "\(text), at \(rate.weiPerUnit.plain) wei for a \(base.price.currency) by \(rate.source), \(max(0, now - rate.asOf)) s old: "
            + "\(wei.plain) wei for a \(base.unit.rawValue)"
    }

    private func factors(_ ask: PriceAsk, _ state: LoadState) -> [PricedTerms.Step] {
        var steps: [PricedTerms.Step] = []
        if let gpuClass = ask.gpuClass, let factor = gpuClasses[gpuClass] {
            steps.append(.init(name: "gpuClass", factor: factor, words: "work on a GPU of class \(gpuClass)"))
        }
        if let model = ask.model, let factor = models[model] {
            steps.append(.init(name: "model", factor: factor, words: "complexity of \(model)"))
        }
        if let share = ask.latencyShare, let step = latency.filter({ $0.mark >= share }).min(by: { $0.mark < $1.mark }) {
            steps.append(
                .init(
                    name: "latency", factor: step.factor,
                    words:
                        "an answer within \((share * 100).plain)% of the duration is promised (the step up to \((step.mark * 100).plain)%)")
            )
        }
        if let rate = ask.unitsPerSecond, let step = throughput.filter({ $0.mark <= rate }).max(by: { $0.mark < $1.mark }) {
            steps.append(
                .init(
                    name: "throughput", factor: step.factor,
                    words: "\(rate.plain) units a second are committed to (the step from \(step.mark.plain))"))
        }
        if let region = ask.region, let factor = regions[region] {
            steps.append(.init(name: "region", factor: factor, words: "region \(region)"))
        }
        if let step = load.step(state) { steps.append(step) }
        return steps
    }
}

/// What a price is asked for.
package struct PriceAsk: Hashable, Sendable {
    package var pipeline: String
    package var model: String?
    package var gpuClass: String?
    package var region: String?
    /// Of the duration.
    package var latencyShare: Double?
    /// Committed to.
    package var unitsPerSecond: Double?

    package init(
        pipeline: String = OfferedCapability.transcode, model: String? = nil, gpuClass: String? = nil, region: String? = nil,
        latencyShare: Double? = nil, unitsPerSecond: Double? = nil
    ) {
        self.pipeline = pipeline
        self.model = model
        self.gpuClass = gpuClass
        self.region = region
        self.latencyShare = latencyShare
        self.unitsPerSecond = unitsPerSecond
    }
}

/// A price and how it came about.
package struct PricedTerms: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        package var name: String
        package var factor: Double
        package var words: String
    }

    package var pipeline: String
    package var model: String?
    package var unit: WorkUnit
    package var price: Price
    package var steps: [Step]
    /// Unix seconds.
    package var validUntil: Int64

    /// A line for each factor, and the sum at the end.
    package var words: String {
        let name = pipeline + (model.map { "/\($0)" } ?? "")
        let lines = steps.map { step in
            step.name == "base" ? "  base        \(step.words)" : "  \(step.name.padded(to: 10))  ×\(step.factor.plain)  \(step.words)"
        }
        let end = "  together    \(price.weiPerPixel.plain) wei for a \(unit.rawValue)"
        return (["\(name)"] + lines + [end]).joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { count < width ? self + String(repeating: " ", count: width - count) : self }
}

extension Price {
    /// The nearest fraction that the wire holds, six significant digits or better, in lowest terms; 0 wei is free. Whole wei for whole
    /// units stay exact.
    ///
    /// - Parameters:
    ///   - wei: for `per` units.
    ///   - per: above 0, at most 10⁹.
    package init(wei: Double, per: Int64 = 1) {
        let per = min(max(per, 1), 1_000_000_000)
        var scale: Int64 = 1
        let most: Int64 = 1_000_000_000_000 / per
        while scale < most, wei * Double(scale) < 1e6, wei * Double(scale) != (wei * Double(scale)).rounded() { scale *= 10 }
        let numerator = Int64(min(max((wei * Double(scale)).rounded(), 0), 9e18))
        let denominator = scale * per
        var (left, right) = (numerator, denominator)
        while right != 0 { (left, right) = (right, left % right) }
        let divisor = max(left, 1)
        // Both are in range by what was done to them.
        self = Price(pricePerUnit: numerator / divisor, pixelsPerUnit: max(denominator / divisor, 1)) ?? Price.free
    }

    package static let free: Price = {
        guard let price = Price(pricePerUnit: 0, pixelsPerUnit: 1) else { preconditionFailure("nothing for one unit is a price") }
        return price
    }()
}
