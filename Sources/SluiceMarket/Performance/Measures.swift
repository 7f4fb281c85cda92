import SluiceTypes

/// The eight measures of one offer, each from 0 (bad) to 1 (good).
package enum Measure: String, Hashable, Sendable, CaseIterable {
    /// Finish times against the duration.
    case latency
    /// Attempts that ended well, of those that ended; one in ten that does not is as bad as none that does.
    case reliability
    /// Class of the GPU, hardware encoder, headroom.
    case gpu
    /// The cheapest of the pipeline against its price.
    case cost
    /// Pixels, bitrate, frames and pictures that came, of those that were asked for: the worst of them.
    case quality
    /// Capabilities, of the most that anybody has.
    case features
    /// Segments with which no stream had to change to it or away in trouble.
    case steadiness
    /// How long ago the last fault was.
    case incidents

    package var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What the others are measured against: the market as it is now.
package struct MarketLevel: Hashable, Sendable {
    /// By pipeline, the lowest price above 0, wei per unit.
    package var cheapest: [String: Double] = [:]
    /// The most capability numbers that anybody has.
    package var mostCapabilities = 0
    /// By pipeline, what the middle one of those that have worked makes of the bitrate asked for: simple pictures need less, whoever
    /// encodes them.
    package var bitrateKept: [String: Double] = [:]

    package init() {}

    /// Fewer attempts say little of a bitrate.
    private static let leastAttempts = 3

    package mutating func take(_ tallies: some Sequence<(pipeline: String, tally: PerformanceTally)>) {
        var shares: [String: [Double]] = [:]
        for (pipeline, tally) in tallies where tally.count >= Self.leastAttempts {
            if let kept = tally.bitrateKept { shares[pipeline, default: []].append(kept) }
        }
        bitrateKept = shares.mapValues { list in
            let sorted = list.sorted()
            // Of an even number the upper one: of two, one of which saves, it is the honest one.
            return sorted[sorted.count / 2]
        }
    }

    package init(_ offers: some Sequence<Offer>) {
        for offer in offers {
            mostCapabilities = max(mostCapabilities, offer.capabilities.count)
            guard let wei = offer.offered.price?.weiPerPixel, wei > 0 else { continue }
            cheapest[offer.offered.pipeline] = min(cheapest[offer.offered.pipeline] ?? wei, wei)
        }
    }
}

extension CapabilitySet {
    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}

/// How measures are made and weighed into a score. All of it can be set, and is published with the leaderboard.
package struct ScoreFormula: Hashable, Sendable {
    /// By measure; 0 leaves it out.
    package var weights: [Measure: Double] = [
        .latency: 3, .reliability: 3, .gpu: 0.5, .cost: 1.5, .quality: 1.5, .features: 0.25, .steadiness: 0.5, .incidents: 0.75,
    ]
    /// What a GPU of a class is worth for transcoding, 0 to 1; an encoder in hardware is what counts.
    package var gpuClasses: [String: Double] = [
        GPUClass.datacenterEncode.rawValue: 1, GPUClass.workstation.rawValue: 0.9, GPUClass.consumer.rawValue: 0.8,
        GPUClass.datacenterCompute.rawValue: 0.4, GPUClass.cpu.rawValue: 0.2,
    ]
    /// What one is taken for of which nothing is known: hopeful, so that newcomers are tried.
    package var newcomer = 0.7
    /// Segments after which its own past counts as much as that.
    package var halfSure = 20.0
    /// Seconds in which the shadow of a fault fades to 37 %.
    package var incidentSpan = 900.0
    /// Seconds of the past that count.
    package var window: Int64 = 6 * 3600

    package init() {}

    package func measures(_ tally: PerformanceTally, _ offer: Offer?, _ level: MarketLevel, at now: Int64) -> [Measure: Double] {
        var measures: [Measure: Double] = [:]
        if let p50 = tally.finish(0.5), let p95 = tally.finish(0.95) {
            measures[.latency] = 1 - (min(1, p50) + min(1, p95 / 1.5)) / 2
        }
        if tally.count > 0 {
            measures[.reliability] = 1 - min(1, Self.faultWeight * Double(tally.failed + tally.overtaken) / Double(tally.count))
            measures[.steadiness] = 1 - min(1, 10 * Double(tally.swaps + tally.overtaken) / Double(tally.count))
            measures[.incidents] = tally.lastFault == 0 ? 1 : 1 - exponential(-Double(max(0, now - tally.lastFault)) / incidentSpan)
        }
        measures[.quality] = quality(tally, level.bitrateKept[offer?.offered.pipeline ?? OfferedCapability.transcode])
        guard let offer else { return measures }
        measures[.gpu] = gpu(offer)
        if let cheapest = level.cheapest[offer.offered.pipeline] {
            let wei = offer.offered.price?.weiPerPixel ?? 0
            measures[.cost] = wei > cheapest ? (cheapest / wei).squareRoot() : 1
        } else {
            measures[.cost] = 1
        }
        if level.mostCapabilities > 0 { measures[.features] = Double(offer.capabilities.count) / Double(level.mostCapabilities) }
        return measures
    }

    /// The smallest of what is known; `nil` where nothing is.
    private func quality(_ tally: PerformanceTally, _ usual: Double?) -> Double? {
        var parts: [Double] = []
        if tally.pixelsExpected > 0 { parts.append(tally.pixels / tally.pixelsExpected) }
        if let bitrate = tally.bitrateKept {
            // Against the others where they need less, never against more than was asked for.
            let right = min(1, usual ?? 1) * Self.ofUsual
            parts.append(right > 0 ? min(1, bitrate / right) : 1)
        }
        if let pictures = tally.pictures.mean(\.kept) { parts.append(pictures) }
        return parts.min()
    }

    /// Live video does not forgive one segment in ten.
    private static let faultWeight = 10.0
    /// Encoders stay below the bitrate asked for where the picture is simple; of what others make of it this is enough.
    private static let ofUsual = 0.75
    /// Below this quality the whole score falls with it.
    private static let leastQuality = 0.5

    private func gpu(_ offer: Offer) -> Double {
        let byClass = offer.gpu.map { gpuClasses[$0.gpuClass.rawValue] ?? 0.5 } ?? 0.5
        guard let headroom = offer.offered.headroom else { return byClass }
        return byClass * (0.8 + 0.2 * (1 - headroom.load))
    }

    /// Measures of which nothing is known stand aside: the others are weighed without them. What fails, or brings
    /// other pictures than were asked for, is worth that much less, however fast and cheap it is.
    package func score(_ measures: [Measure: Double], samples: Double) -> Double {
        var sum = 0.0
        var weight = 0.0
        for (measure, value) in measures {
            let own = max(0, weights[measure] ?? 0)
            sum += own * value
            weight += own
        }
        guard weight > 0 else { return newcomer }
        let own = sum / weight * (measures[.reliability] ?? 1) * min(1, (measures[.quality] ?? 1) / Self.leastQuality)
        return (own * samples + newcomer * halfSure) / (samples + halfSure)
    }

    package var words: String {
        let names = Measure.allCases.filter { (weights[$0] ?? 0) > 0 }.map { "\((weights[$0] ?? 0).plain)·\($0.rawValue)" }
        return """
            score = (own·n + \(newcomer.plain)·\(halfSure.plain)) / (n + \(halfSure.plain)), n attempts in the last \(window / 3600) hours;
            own = reliability · min(1, quality/\(Self.leastQuality.plain)) · (\(names.joined(separator: " + "))) / sum of the weights of those that are known
            latency = 1 − (min(1, p50) + min(1, p95/1.5))/2, finish times as shares of the duration; reliability = 1 − min(1, \(Self.faultWeight.plain)·(failed + overtaken)/n);
            gpu = worth of the class · (0.8 + 0.2 · headroom); cost = √(cheapest of the pipeline / price); quality = the smallest of pixels kept, bitrate kept / (\(Self.ofUsual)·the middle one of all, 1 at most), and of sampled pictures their mean of the smallest of frames kept, size kept and likeness;
            likeness = (SSIM − \(PictureSample.strange)) / \((PictureSample.faithful - PictureSample.strange).plain), within 0 and 1, · (1 − share in which it stood still while the source moved);
            features = capabilities / the most anybody has; steadiness = 1 − min(1, 10·(swaps + overtaken)/n); incidents = 1 − e^(−seconds since the last fault / \(incidentSpan.plain))
            """
    }
}

/// In one order, so that two that are equal read alike.
extension ScoreFormula: CustomStringConvertible {
    package var description: String {
        let classes = gpuClasses.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.plain)" }
        return "\(words); worth of classes: \(classes.joined(separator: ", "))"
    }
}

/// e^x for x ≤ 0, within 1e-7: Foundation is no business of a brain.
func exponential(_ x: Double) -> Double {
    guard x > -40 else { return 0 }
    // (e^(x/1024))^1024 by squaring ten times; the series of so small an argument needs three terms.
    let small = x / 1024
    var value = 1 + small + small * small / 2 + small * small * small / 6
    for _ in 0..<10 { value *= value }
    return value
}
