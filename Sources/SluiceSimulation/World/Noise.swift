/// Chance, as a function of what it is about: the same seed, subject and place give the same number, in whatever order and however
/// often it is asked for. So two policies on one seed meet the same world, and what one of them sends changes nothing for the rest.
///
/// Uses nothing but integer arithmetic and the four operations on doubles, which are the same to the last bit on every machine; the
/// logarithms and exponentials of C libraries are not.
struct Noise {
    /// What the chance is about; each is a stream of numbers of its own.
    enum Subject: UInt64 {
        case attempt = 1
        case ask, policy
        case roundTrip, work, tail, flaw, uploadLoss, downloadLoss
    }

    let seed: UInt64

    /// - Parameters: `a` to `d`: where and when; orchestrator, stream, sequence …
    func word(_ subject: Subject, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0) -> UInt64 {
        var word = Self.mixed(seed ^ (subject.rawValue &* 0x9E37_79B9_7F4A_7C15))
        for place in [a, b, c, d] { word = Self.mixed(word &+ UInt64(bitPattern: Int64(place)) &* 0xD1B5_4A32_D192_ED03 &+ 1) }
        return word
    }

    /// A chance within what `root` stands for.
    static func word(_ root: UInt64, _ subject: Subject, _ place: Int = 0) -> UInt64 {
        mixed(root ^ mixed(subject.rawValue &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(bitPattern: Int64(place))))
    }

    /// From 0 up to, not including, 1.
    static func uniform(_ word: UInt64) -> Double { Double(word >> 11) * 0x1p-53 }

    /// One of the samples, each as likely as the others; `nil` where there are none.
    static func pick(_ samples: [Double], _ word: UInt64) -> Double? {
        samples.isEmpty ? nil : samples[Int(uniform(word) * Double(samples.count))]
    }

    /// Mean 0, standard deviation 1: the sum of twelve uniform numbers, which ends at ±6 instead of never.
    static func normal(_ word: UInt64) -> Double {
        var sum = -6.0
        var word = word
        for _ in 0..<3 {
            word = mixed(word)
            for shift in [0, 16, 32, 48] as [UInt64] { sum += (Double((word >> shift) & 0xFFFF) + 0.5) * 0x1p-16 }
        }
        return sum
    }

    /// A factor with median 1 whose logarithm has this standard deviation.
    static func factor(deviation: Double, _ word: UInt64) -> Double {
        deviation == 0 ? 1 : exponential(deviation * normal(word))
    }

    /// The finaliser of SplitMix64.
    static func mixed(_ word: UInt64) -> UInt64 {
        var mixed = word &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// e to the power of `x`, for `x` within ±700: a power of two times the series for the rest.
    static func exponential(_ x: Double) -> Double {
        let halves = (x * 1.442_695_040_888_963_4).rounded(.toNearestOrEven)
        let rest = x - halves * 0.693_147_180_559_945_3
        var term = 1.0
        var sum = 1.0
        for n in 1...14 {
            term *= rest / Double(n)
            sum += term
        }
        return sum * Double(sign: .plus, exponent: Int(halves), significand: 1)
    }
}
