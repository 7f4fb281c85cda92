package import SluiceTypes

/// An exact sum of fees. A fee is units × wei / units-per-price, a fraction (specs/transcoding-protocol §4.5); sums of such
/// fractions are kept by denominator, so that nothing is ever rounded. As many terms as there are different denominators.
package struct WeiSum: Hashable, Sendable, CustomStringConvertible {
    /// By denominator, in lowest terms, without zeros; all but whole ones are below 1.
    private(set) var terms: [Int64: Int128] = [:]

    package init() {}

    /// Fee for so many units. 2⁶³ units at 2⁶³ wei still fit.
    package init(units: Int64, at price: Price) {
        add(Int128(units) * Int128(price.pricePerUnit), over: price.pixelsPerUnit)
    }

    /// - Parameter denominator: above 0.
    package mutating func add(_ numerator: Int128, over denominator: Int64) {
        guard numerator != 0 else { return }
        let (numerator, denominator) = Self.reduced(numerator, denominator)
        let (whole, rest) = Self.parts((terms[denominator] ?? 0).adding(numerator), denominator)
        terms[denominator] = nil
        if whole != 0 {
            let sum = (terms[1] ?? 0).adding(whole)
            terms[1] = sum == 0 ? nil : sum
        }
        guard rest != 0 else { return }
        let left = Self.reduced(rest, denominator)
        // Two sixths are a third: they go where the thirds are.
        if left.1 == denominator { terms[denominator] = rest } else { add(left.0, over: left.1) }
    }

    private static func reduced(_ numerator: Int128, _ denominator: Int64) -> (Int128, Int64) {
        let common = divisor(numerator.magnitude, UInt128(denominator.magnitude))
        return (numerator / Int128(common), Int64(UInt128(denominator.magnitude) / common))
    }

    /// Whole wei, and what is left of it: at least 0, below the denominator.
    private static func parts(_ numerator: Int128, _ denominator: Int64) -> (Int128, Int128) {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: Int128(denominator))
        return remainder < 0 ? (quotient - 1, remainder + Int128(denominator)) : (quotient, remainder)
    }

    package static func += (left: inout WeiSum, right: WeiSum) {
        for (denominator, numerator) in right.terms { left.add(numerator, over: denominator) }
    }

    package static func -= (left: inout WeiSum, right: WeiSum) {
        for (denominator, numerator) in right.terms { left.add(-numerator, over: denominator) }
    }

    package var isZero: Bool { terms.isEmpty }

    /// Without what is less than one: exact but where fractions of very many denominators come together.
    package var whole: Int128 {
        (terms[1] ?? 0).adding(Int128(terms.reduce(0) { $1.key == 1 ? $0 : $0 + Double($1.value) / Double($1.key) }.rounded(.down)))
    }

    /// For comparing and showing.
    package var approximate: Double { terms.reduce(0) { $0 + Double($1.value) / Double($1.key) } }

    /// Whole wei, then what is left by denominator, e.g. `12+1/3+1/7`.
    package var description: String {
        let whole = "\(terms[1] ?? 0)"
        return terms.filter { $0.key != 1 }.sorted { $0.key < $1.key }.reduce(whole) { $0 + "+\($1.value)/\($1.key)" }
    }

    /// Reads what `description` writes.
    package init?(_ text: String) {
        for part in text.split(separator: "+") {
            let pieces = part.split(separator: "/")
            guard (1...2).contains(pieces.count), let numerator = Int128(pieces[0]) else { return nil }
            guard pieces.count == 2 else {
                add(numerator, over: 1)
                continue
            }
            guard let denominator = Int64(pieces[1]), denominator > 0 else { return nil }
            add(numerator, over: denominator)
        }
    }

    private static func divisor(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return max(left, 1)
    }
}

extension Int128 {
    /// 2¹²⁷ wei is more than there will ever be; what is beyond stays at the edge instead of turning round.
    fileprivate func adding(_ other: Int128) -> Int128 {
        let sum = addingReportingOverflow(other)
        return sum.overflow ? (other > 0 ? .max : .min) : sum.partialValue
    }
}
