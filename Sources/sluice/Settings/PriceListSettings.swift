import Foundation
import SluiceMarket
import SluiceNetwork
import SluiceTypes

/// Lists of prices, factors and rates as they stand in the settings.
enum PriceListSettings {
    static func bases(_ reader: inout SettingsReader, _ key: String) throws -> [PriceFunction.Base] {
        let texts = reader.list(key) ?? []
        guard texts.count <= PriceFunction.mostBases else {
            throw SettingsError(
                key: key, value: "\(texts.count) prices", source: reader.source(of: key),
                wish: "at most \(PriceFunction.mostBases) are right")
        }
        return try texts.map { text in
            do { return try PriceFunction.Base(text: text) } catch {
                throw SettingsError(key: key, value: text, source: reader.source(of: key), wish: "\(error)")
            }
        }
    }

    /// The reference's `-maxPricePerCapability`: JSON text, or the path of a file of it (specs/gateway-surface §13).
    static func reference(_ reader: inout SettingsReader, _ key: String) throws -> [PriceFunction.Base] {
        guard let text = reader.text(key) else { return [] }
        let source = reader.source(of: key)
        func complaint(_ wish: String) -> SettingsError {
            SettingsError(key: key, value: String(text.prefix(100)), source: source, wish: wish)
        }
        let isText = text.drop { $0.isWhitespace }.first == "{"
        guard let body = isText ? Data(text.utf8) : FileManager.default.contents(atPath: text) else {
            throw complaint("JSON, or the path of a file of it, is right; there is no such file")
        }
        let shape =
            "{\"capabilities_prices\": [{\"pipeline\": \"llm\", \"model_id\": \"default\", \"price_per_unit\": 12, \"pixels_per_unit\": 1}]} is right"
        guard let object = (try? JSONSerialization.jsonObject(with: body)) as? [String: Any],
            let list = object["capabilities_prices"] as? [Any], list.count <= PriceFunction.mostBases
        else { throw complaint("\(shape), with at most \(PriceFunction.mostBases) prices") }
        return try list.enumerated().map { place, entry in
            do throws(CapabilityCeiling.Malformed) { return try CapabilityCeiling(entry).base } catch {
                throw complaint("capabilities_prices[\(place)] \(error); \(shape)")
            }
        }
    }

    /// Above 0 and at most 100.
    static func factors(_ reader: inout SettingsReader, _ key: String) throws -> [(name: String, factor: Double)] {
        try (reader.list(key) ?? []).map { text in
            guard let named = NamedValue(text: text), let factor = Double(named.value), factor > 0, factor <= 100 else {
                throw SettingsError(
                    key: key, value: text, source: reader.source(of: key), wish: "NAME=FACTOR with a factor above 0 and up to 100 is right")
            }
            return (named.name, factor)
        }
    }

    static func table(_ reader: inout SettingsReader, _ key: String) throws -> [String: Double] {
        Dictionary(try factors(&reader, key).map { ($0.name, $0.factor) }, uniquingKeysWith: { first, _ in first })
    }

    /// Marks that are numbers; a share may be written with %.
    static func steps(_ reader: inout SettingsReader, _ key: String) throws -> [PriceFunction.Step] {
        try factors(&reader, key).map { name, factor in
            guard let mark = Quantity.share.value(of: name), mark >= 0 else {
                throw SettingsError(
                    key: key, value: name, source: reader.source(of: key), wish: "MARK=FACTOR, as in 60%=1.2 or 1e6=0.9, is right")
            }
            return PriceFunction.Step(mark, factor)
        }
    }

    /// ## Configuration keys, under `prefix`
    /// - `rates` (list such as `USD=0.0003ETH`, default empty) and `rateAgeSeconds` (int, default 3600, 60…604800): those of the settings
    ///   do not age.
    /// - `rateSource` (URL, default none): answers `{"asOf": Unix seconds, "rates": {"USD": wei for one}}`.
    static func rates(_ reader: inout SettingsReader, prefix: String) throws -> RateSettings {
        let key = "\(prefix).rates"
        let fixed = try (reader.list(key) ?? []).map { text -> (Currency, Double) in
            guard let named = NamedValue(text: text), let currency = Currency(named.name), currency.fixedWei == nil,
                let money = try? Money(text: named.value), let wei = money.currency.fixedWei, money.amount > 0
            else {
                throw SettingsError(
                    key: key, value: text, source: reader.source(of: key),
                    wish: "CODE=AMOUNT in wei, gwei or ETH, as in USD=0.0003ETH, is right")
            }
            return (currency, money.amount * wei)
        }
        return RateSettings(
            fixed: fixed.map { RateSettings.Fixed(currency: $0.0, wei: $0.1) },
            longestAge: Int64(try reader.int("\(prefix).rateAgeSeconds", default: 3600, in: 60...604_800)),
            source: try url(&reader, "\(prefix).rateSource"))
    }

    static func url(_ reader: inout SettingsReader, _ key: String) throws -> WebAddress? {
        guard let text = reader.text(key) else { return nil }
        do { return try WebAddress(text) } catch {
            throw SettingsError(key: key, value: text, source: reader.source(of: key), wish: "\(error)")
        }
    }
}

/// What other currencies are worth, and who says so.
struct RateSettings: Hashable {
    struct Fixed: Hashable {
        var currency: Currency
        var wei: Double
    }

    var fixed: [Fixed]
    var longestAge: Int64
    var source: WebAddress?

    /// Fixed ones do not age, and go before those of a source.
    var book: RateBook {
        var book = RateBook(longestAge: longestAge)
        for one in fixed {
            if let rate = ExchangeRate(weiPerUnit: one.wei, source: "settings", asOf: .max / 2) { book.set(rate, for: one.currency) }
        }
        return book
    }
}
