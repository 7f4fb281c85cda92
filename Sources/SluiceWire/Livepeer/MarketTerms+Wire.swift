package import SluiceProto
package import SluiceTypes
import SwiftProtobuf

/// Terms to and from field 5102 of `OrchestratorInfo`.
extension MarketTerms {
    /// Spoken here.
    package static let version: UInt32 = 1
    private static let longestName = 200
    /// Factors and prices beyond are a mistake or a trap.
    private static let factors = 0.0001...10_000.0
    private static let mostWei = 1e24

    /// - Returns: `nil` for another version, and for terms of which one thing is impossible: half of a price function is another one.
    package init?(_ message: Net_MarketTerms) {
        guard message.version == Self.version, message.models.count <= Self.mostItems else { return nil }
        guard let region = Self.name(message.region), let gpuClass = Self.name(message.gpuClass),
            let minimum = Self.name(message.minimumVersion)
        else { return nil }
        self.init(
            region: region.isEmpty ? nil : region, gpuClass: gpuClass.isEmpty ? nil : gpuClass,
            encoderSlots: message.encoderSlots > 0 ? Int(message.encoderSlots) : nil, sessions: Int(message.sessions),
            sessionsInUse: Int(min(message.sessions, message.sessionsInUse)), minimumVersion: minimum.isEmpty ? nil : minimum)
        for told in message.models {
            guard let model = Self.model(told) else { return nil }
            models.append(model)
        }
        guard message.hasPrices else { return }
        guard let prices = PriceTerms(message.prices) else { return nil }
        self.prices = prices
    }

    private static func model(_ told: Net_ModelTerms) -> Model? {
        let names = [told.pipeline, told.model, told.version, told.digest, told.minimumVersion]
        guard names.allSatisfy({ name($0) != nil }), !told.pipeline.isEmpty, !told.model.isEmpty else { return nil }
        func some(_ text: String) -> String? { text.isEmpty ? nil : text }
        return Model(
            pipeline: told.pipeline, name: told.model, version: some(told.version), digest: some(told.digest), isWarm: told.warm,
            capacity: Int(told.capacity), inUse: Int(min(told.capacity, told.capacityInUse)), minimumVersion: some(told.minimumVersion))
    }

    fileprivate static func name(_ text: String) -> String? {
        text.utf8.count <= longestName && text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) ? text : nil
    }

    fileprivate static func factor(_ value: Double) -> Double? { factors.contains(value) ? value : nil }
    fileprivate static func wei(_ value: Double) -> Double? { (0...mostWei).contains(value) ? value : nil }

    package var message: Net_MarketTerms {
        .with { message in
            message.version = Self.version
            message.region = region ?? ""
            message.gpuClass = gpuClass ?? ""
            message.encoderSlots = UInt32(clamping: encoderSlots ?? 0)
            message.sessions = UInt32(clamping: sessions)
            message.sessionsInUse = UInt32(clamping: sessionsInUse)
            message.minimumVersion = minimumVersion ?? ""
            message.models = models.map { model in
                .with {
                    $0.pipeline = model.pipeline
                    $0.model = model.name
                    $0.version = model.version ?? ""
                    $0.digest = model.digest ?? ""
                    $0.warm = model.isWarm
                    $0.capacity = UInt32(clamping: model.capacity)
                    $0.capacityInUse = UInt32(clamping: model.inUse)
                    $0.minimumVersion = model.minimumVersion ?? ""
                }
            }
            if let prices { message.prices = prices.message }
        }
    }
}

extension PriceTerms {
    fileprivate init?(_ message: Net_PriceTerms) {
        self.init()
        guard
            [
                message.bases.count, message.gpuClasses.count, message.models.count, message.regions.count, message.latency.count,
                message.throughput.count,
            ].allSatisfy({ $0 <= MarketTerms.mostItems })
        else { return nil }
        for told in message.bases {
            guard let name = MarketTerms.name(told.pipeline), !name.isEmpty, let model = MarketTerms.name(told.model),
                let wei = MarketTerms.wei(told.wei), (1...1_000_000_000).contains(told.units), let unit = WorkUnit(rawValue: told.unit)
            else { return nil }
            bases.append(Base(pipeline: name, model: model.isEmpty ? nil : model, wei: wei, units: told.units, unit: unit))
        }
        guard let classes = Self.factors(message.gpuClasses), let models = Self.factors(message.models),
            let regions = Self.factors(message.regions), let latency = Self.steps(message.latency),
            let throughput = Self.steps(message.throughput)
        else { return nil }
        (gpuClasses, self.models, self.regions, self.latency, self.throughput) = (classes, models, regions, latency, throughput)
        let shares = [message.surgeFrom, message.idleBelow, message.hysteresis]
        guard shares.allSatisfy({ (0...1).contains($0) }), let surge = MarketTerms.factor(message.surge),
            let idle = MarketTerms.factor(message.idle), let least = MarketTerms.factor(message.least),
            let most = MarketTerms.factor(message.most), least <= most, message.validSeconds <= 86_400,
            ["idle", "usual", "surge"].contains(message.load)
        else { return nil }
        (surgeFrom, idleBelow, hysteresis) = (message.surgeFrom, message.idleBelow, message.hysteresis)
        (self.surge, self.idle, bounds) = (surge, idle, least...most)
        (validity, load) = (Int64(message.validSeconds), message.load)
    }

    private static func factors(_ told: [Net_PriceTerms.Factor]) -> [String: Double]? {
        var factors: [String: Double] = [:]
        for one in told {
            guard let name = MarketTerms.name(one.name), let factor = MarketTerms.factor(one.factor) else { return nil }
            factors[name] = factor
        }
        return factors
    }

    private static func steps(_ told: [Net_PriceTerms.Step]) -> [Step]? {
        var steps: [Step] = []
        for one in told {
            guard one.mark.isFinite, one.mark >= 0, let factor = MarketTerms.factor(one.factor) else { return nil }
            steps.append(Step(mark: one.mark, factor: factor))
        }
        return steps
    }

    fileprivate var message: Net_PriceTerms {
        func factors(_ table: [String: Double]) -> [Net_PriceTerms.Factor] {
            table.sorted { $0.key < $1.key }.map { entry in .with { ($0.name, $0.factor) = (entry.key, entry.value) } }
        }
        func steps(_ list: [Step]) -> [Net_PriceTerms.Step] {
            list.map { step in .with { ($0.mark, $0.factor) = (step.mark, step.factor) } }
        }
        return .with { message in
            message.bases = bases.map { base in
                .with {
                    $0.pipeline = base.pipeline
                    $0.model = base.model ?? ""
                    $0.wei = base.wei
                    $0.units = base.units
                    $0.unit = base.unit.rawValue
                }
            }
            (message.gpuClasses, message.models, message.regions) = (factors(gpuClasses), factors(models), factors(regions))
            (message.latency, message.throughput) = (steps(latency), steps(throughput))
            (message.surgeFrom, message.surge, message.idleBelow, message.idle) = (surgeFrom, surge, idleBelow, idle)
            (message.hysteresis, message.least, message.most) = (hysteresis, bounds.lowerBound, bounds.upperBound)
            (message.validSeconds, message.load) = (UInt32(clamping: validity), load)
        }
    }
}
