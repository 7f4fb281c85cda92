import SluiceMarket

/// What a tenant may have, and has, in `/api/v1/tenants`. A limit that is not there is none.
struct QuotaReport: Codable, Hashable, Sendable {
    var streams: Int?
    var streamsNow: Int
    /// Of one stream.
    var renditions: Int?
    var pixelsPerSecond: Int64?
    var pixelsPerSecondNow: Int64
    /// In wei; a text, as JSON's numbers are exact to 2⁵³ only.
    var weiPerDay: String?
    var weiToday: String
    /// Unix milliseconds.
    var dayEndsAt: Int64
    var whenSpent: TenantQuota.WhenSpent
    var isSpent: Bool

    init(_ quota: TenantQuota, _ use: QuotaBook.Use, at now: Int64) {
        streams = quota.streams
        streamsNow = use.streams
        renditions = quota.renditions
        pixelsPerSecond = quota.pixelsPerSecond
        pixelsPerSecondNow = use.pixelsPerSecond
        weiPerDay = quota.weiPerDay.map(String.init)
        weiToday = "\(use.spent.whole)"
        dayEndsAt = QuotaBook.dayEnd(after: now) * 1000
        whenSpent = quota.whenSpent
        isSpent = quota.weiPerDay.map { use.spent.whole >= $0 } ?? false
    }
}
