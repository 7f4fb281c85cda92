import SluiceTypes

/// What a quote asks of an offer, flat and small: ten thousand of them are looked through without touching a reference count.
struct OfferRow: Sendable {
    var isUsed = false
    var isReachable = false
    var isWarm = false
    /// Nothing was said of warm or cold.
    var isWarmKnown = false
    var unit: WorkUnit = .pixel
    var pipeline: Int32 = -1
    var model: Int32 = -1
    var region: Int32 = -1
    var gpuClass: Int32 = -1
    var orchestrator: Int32 = -1
    /// The bits of `VideoCodec.allCases` that it encodes.
    var codecs: UInt8 = 0
    var memory: Int64 = 0
    /// The first 64 capability numbers.
    var capabilities: UInt64 = 0
    /// Per unit; 0 where nothing is asked.
    var wei: Double = 0
    var free: Int32 = .max
    var roundTrip: Float = 0
    var standing = OfferStanding()

    /// Names in it.
    static let names = 5
}

/// How well an offer did, as far as it is known.
package struct OfferStanding: Hashable, Sendable {
    /// 0 to 1.
    package var score: Float
    /// Seconds of work for a second of media, median and in nineteen of twenty.
    package var p50: Float
    package var p95: Float
    /// What it rests on.
    package var samples: Float

    package init(score: Float = 0.5, p50: Float = 0, p95: Float = 0, samples: Float = 0) {
        self.score = score
        self.p50 = p50
        self.p95 = p95
        self.samples = samples
    }
}

/// Small numbers for names, so that comparing is cheap.
struct NameTable: Sendable {
    private var numbers: [String: Int32] = [:]

    var count: Int { numbers.count }

    /// -1 for a name that was never seen.
    func find(_ name: String?) -> Int32 { name.flatMap { numbers[$0] } ?? -1 }

    mutating func number(_ name: String?) -> Int32 {
        guard let name else { return -1 }
        if let known = numbers[name] { return known }
        let next = Int32(numbers.count)
        numbers[name] = next
        return next
    }
}

extension VideoCodec {
    var bit: UInt8 { Self.allCases.firstIndex(of: self).map { 1 << UInt8($0) } ?? 0 }
}
