/// What one of a currency is worth, who says so, and since when.
package struct ExchangeRate: Hashable, Sendable {
    package var weiPerUnit: Double
    /// Where it is from: a URL, or `settings`.
    package var source: String
    /// Unix seconds.
    package var asOf: Int64

    /// - Returns: `nil` for a rate that is not above 0 and finite.
    package init?(weiPerUnit: Double, source: String, asOf: Int64) {
        guard weiPerUnit.isFinite, weiPerUnit > 0, weiPerUnit <= Money.most else { return nil }
        self.weiPerUnit = weiPerUnit
        self.source = source
        self.asOf = asOf
    }
}

/// The newest rate of each currency. A rate that is too old is none: what is sold at yesterday's price may be sold at a loss.
package struct RateBook: Sendable {
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case unknown(Currency, known: [String])
        case old(Currency, source: String, age: Int64, limit: Int64)

        package var description: String {
            switch self {
            case .unknown(let currency, let known):
                "nobody knows the currency \(currency); known are \(known.joined(separator: ", ")), others need a rate source"
            case .old(let currency, let source, let age, let limit):
                "the rate of \(currency) from \(source) is \(age) s old; at most \(limit) s are right"
            }
        }
    }

    /// The world has some two hundred currencies.
    package static let most = 1000

    /// Seconds for which a rate is used.
    package var longestAge: Int64
    private var rates: [String: ExchangeRate] = [:]

    package init(longestAge: Int64 = 3600) { self.longestAge = longestAge }

    /// - Returns: `false` for a rate older than the one there is, or one too many.
    @discardableResult
    package mutating func set(_ rate: ExchangeRate, for currency: Currency) -> Bool {
        guard case .other(let code) = currency else { return false }
        if let known = rates[code], known.asOf > rate.asOf { return false }
        guard rates[code] != nil || rates.count < Self.most else { return false }
        rates[code] = rate
        return true
    }

    package subscript(currency: Currency) -> ExchangeRate? {
        if case .other(let code) = currency { rates[code] } else { nil }
    }

    package var codes: [String] { rates.keys.sorted() }

    /// Wei in so much money, with the rate that was used; none for the fixed ones.
    package func wei(in money: Money, at now: Int64) throws(Problem) -> (wei: Double, rate: ExchangeRate?) {
        if let fixed = money.currency.fixedWei { return (money.amount * fixed, nil) }
        guard let rate = self[money.currency] else { throw .unknown(money.currency, known: ["wei", "gwei", "ETH"] + codes) }
        let age = max(0, now - rate.asOf)
        guard age <= longestAge else { throw .old(money.currency, source: rate.source, age: age, limit: longestAge) }
        return (money.amount * rate.weiPerUnit, rate)
    }
}
