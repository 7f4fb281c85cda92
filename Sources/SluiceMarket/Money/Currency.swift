/// What an amount is counted in. Wei, gwei and ETH are fixed to one another; every other one needs a rate.
package enum Currency: Hashable, Sendable, CustomStringConvertible {
    case wei, gwei, eth
    /// By its code in capitals, e.g. `USD`.
    case other(String)

    /// - Returns: `nil` for a text that is no code: two to ten letters (specs/gateway-surface §13).
    package init?(_ text: String) {
        guard (2...10).contains(text.utf8.count), text.unicodeScalars.allSatisfy({ $0.isASCII && $0.properties.isAlphabetic }) else {
            return nil
        }
        switch text.uppercased() {
        case "WEI": self = .wei
        case "GWEI": self = .gwei
        case "ETH": self = .eth
        case let code: self = .other(code)
        }
    }

    package var description: String {
        switch self {
        case .wei: "wei"
        case .gwei: "gwei"
        case .eth: "ETH"
        case .other(let code): code
        }
    }

    /// Wei in one of it; `nil` where that changes.
    package var fixedWei: Double? {
        switch self {
        case .wei: 1
        case .gwei: 1e9
        case .eth: 1e18
        case .other: nil
        }
    }
}

/// So much of a currency, as a person writes it: `12`, `0.50USD`, `3 gwei`.
package struct Money: Hashable, Sendable, CustomStringConvertible {
    /// Finite, at least 0, at most `most`.
    package let amount: Double
    package let currency: Currency

    /// Ten billion ETH in wei: past that a price is a slip of the finger.
    package static let most = 1e28

    /// - Returns: `nil` for an amount that is negative, absurd, or no number.
    package init?(_ amount: Double, _ currency: Currency) {
        guard amount.isFinite, amount >= 0, amount <= Self.most else { return nil }
        self.amount = amount
        self.currency = currency
    }

    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let text: String
        package var description: String {
            "'\(text)' is no price; a number from 0 on with its currency behind it, such as 12wei, 0.5gwei or 0.02USD, is right"
        }
    }

    /// Digits with a point, an exponent, and a currency (wei without one); no sign.
    package init(text: String) throws(Malformed) {
        let bare = text.filter { $0 != " " && $0 != "_" }
        var digits = bare.prefix { $0.isWholeNumber || $0 == "." }
        var rest = bare[digits.endIndex...]
        // `1e-9ETH`: an exponent is digits behind an e; `1eth` has none.
        if rest.first == "e" || rest.first == "E" {
            let sign = rest.dropFirst().first == "-" || rest.dropFirst().first == "+" ? 1 : 0
            let exponent = rest.dropFirst(1 + sign).prefix { $0.isWholeNumber }
            if !exponent.isEmpty {
                digits = bare[..<exponent.endIndex]
                rest = bare[exponent.endIndex...]
            }
        }
        guard let amount = Double(digits), let currency = rest.isEmpty ? .wei : Currency(String(rest)), let money = Money(amount, currency)
        else { throw Malformed(text: text) }
        self = money
    }

    package var description: String { "\(amount.plain) \(currency)" }
}

extension Double {
    /// Without `.0`, six significant digits at most.
    package var plain: String {
        guard isFinite else { return "\(self)" }
        if self == rounded(), magnitude < 1e15 { return "\(Int64(self))" }
        guard self != 0 else { return "0" }
        var scale = 1.0
        var size = magnitude
        while size < 1e5 {
            scale *= 10
            size *= 10
        }
        let value = (self * scale).rounded() / scale
        return value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
