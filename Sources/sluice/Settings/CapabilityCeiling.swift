import Foundation
import SluiceMarket
import SluiceTypes

/// One entry of the reference's list of ceilings.
struct CapabilityCeiling {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    let base: PriceFunction.Base
    let isAboveNothing: Bool

    /// - Parameter entry: a JSON value.
    init(_ entry: Any) throws(Malformed) {
        guard let fields = entry as? [String: Any] else { throw Malformed(description: "is no object") }
        guard let pipeline = fields["pipeline"] as? String, !pipeline.isEmpty, pipeline.utf8.count <= OfferedCapability.longestName else {
            throw Malformed(description: "has no pipeline")
        }
        let model = fields["model_id"] as? String ?? "default"
        guard !model.isEmpty, model.utf8.count <= OfferedCapability.longestName else { throw Malformed(description: "has no model_id") }
        guard let amount = Self.number(fields["price_per_unit"]), amount.isFinite, amount >= 0 else {
            throw Malformed(description: "has the price_per_unit \(fields["price_per_unit"] ?? "nothing")")
        }
        let units = fields["pixels_per_unit"].map { Self.number($0) ?? -1 } ?? 1
        guard units >= 1, units <= 1e9, units == units.rounded() else {
            throw Malformed(description: "has the pixels_per_unit \(fields["pixels_per_unit"] ?? "nothing"), no whole number from 1 on")
        }
        let code = (fields["currency"] as? String ?? "wei").trimmingCharacters(in: .whitespaces)
        guard let currency = Currency(code.isEmpty ? "wei" : code), let money = Money(amount, currency) else {
            throw Malformed(description: "asks \(amount) of the currency '\(code)'")
        }
        isAboveNothing = amount > 0
        // The network's name for all models (specs/gateway-surface §13).
        base = PriceFunction.Base(pipeline: pipeline, model: model == "default" ? nil : model, price: money, per: Int64(units))
    }

    /// A number, or text of one: the reference's own files have both.
    private static func number(_ value: Any?) -> Double? {
        if let number = value as? NSNumber, String(cString: number.objCType) != "c" { return number.doubleValue }
        return (value as? String).flatMap(Double.init)
    }
}
