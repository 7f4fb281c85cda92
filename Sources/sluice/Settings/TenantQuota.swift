import SluiceMarket
import SluiceTypes

/// How much of a gateway a tenant may have.
struct TenantQuota: Hashable, Sendable {
    /// What becomes of streams that are live when the day's money is spent.
    enum WhenSpent: String, CaseIterable, Codable {
        /// The source goes on, without renditions.
        case renditions
        case stream
    }

    /// At once; `nil` for any number, as all of these.
    var streams: Int?
    /// Of one stream.
    var renditions: Int?
    /// Of all renditions of all its streams, as they are asked for.
    var pixelsPerSecond: Int64?
    /// From midnight to midnight UTC, in whole wei.
    var weiPerDay: Int128?
    var whenSpent = WhenSpent.renditions

    static let none = TenantQuota()

    /// A profile that passes the source's rate through counts with this, as in the fee estimate of the reference
    /// (specs/gateway-surface §13).
    private static let passedRate = 60.0

    /// Pixels a second that profiles ask for.
    static func pixels(of profiles: [TranscodeProfile]) -> Int64 {
        profiles.reduce(0) { sum, profile in
            sum + Int64((Double(profile.width * profile.height) * (profile.frameRate?.value ?? passedRate)).rounded(.up))
        }
    }

    /// ## Configuration keys, under `tenants.NAME.quota`
    /// - `streams` (int, default none: any, 0…10000): live at once. `renditions` (int, 0…100): of one stream.
    /// - `pixelsPerSecond` (number with k, M or G, up to 1e15): of all renditions that its streams ask for.
    /// - `moneyPerDay` (amount in wei, gwei or ETH): owed for work from midnight to midnight UTC.
    /// - `whenSpent` (renditions | stream, default renditions): what ends when it is spent while streams are live.
    static func read(_ reader: inout SettingsReader, prefix: String) throws -> TenantQuota {
        var quota = TenantQuota()
        func fault(_ key: String, _ value: String, _ wish: String) -> SettingsError {
            SettingsError(key: "\(prefix).\(key)", value: value, source: reader.source(of: "\(prefix).\(key)"), wish: wish)
        }
        if reader.text("\(prefix).streams") != nil { quota.streams = try reader.int("\(prefix).streams", default: 0, in: 0...10_000) }
        if reader.text("\(prefix).renditions") != nil {
            quota.renditions = try reader.int("\(prefix).renditions", default: 0, in: 0...100)
        }
        if let text = reader.text("\(prefix).pixelsPerSecond") {
            guard let value = Quantity.pixelRate.value(of: text), (0...1e15).contains(value) else {
                throw fault("pixelsPerSecond", text, Quantity.pixelRate.wish)
            }
            quota.pixelsPerSecond = Int64(value)
        }
        if let text = reader.text("\(prefix).moneyPerDay") {
            guard let money = try? Money(text: text), let wei = money.currency.fixedWei,
                let amount = Int128(exactly: (money.amount * wei).rounded())
            else {
                throw fault("moneyPerDay", text, "an amount like 0.02 ETH, 5000 gwei or 12wei is right")
            }
            quota.weiPerDay = amount
        }
        quota.whenSpent = try reader.choice("\(prefix).whenSpent", default: .renditions)
        return quota
    }
}
