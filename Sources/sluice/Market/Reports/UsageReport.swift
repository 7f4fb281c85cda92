import Foundation
import SluiceMarket
import SluiceTypes

/// Lines of the books as JSON. Fees are exact: whole wei, then fractions, as text (`12+1/3`), and a number for showing.
struct UsageReport: Codable, Sendable {
    struct Line: Codable, Sendable {
        var hour: Int64?
        var tenant: String?
        var stream: String?
        var orchestrator: String?
        var capability: String?
        var kind: String
        var unit: String
        var priceWei: Int64?
        var pricePer: Int64?
        var bookings: Int64
        var units: Int64
        var mediaSeconds: Double
        var feeWei: String
        var feeWeiAbout: Double

        init(_ line: UsageLine) {
            hour = line.hour
            tenant = line.tenant
            stream = line.stream
            orchestrator = line.orchestrator
            capability = line.capability
            kind = line.kind.rawValue
            unit = line.unit.rawValue
            priceWei = line.price?.pricePerUnit
            pricePer = line.price?.pixelsPerUnit
            bookings = line.bookings
            units = line.units
            mediaSeconds = Double(line.milliseconds) / 1000
            feeWei = line.fee.description
            feeWeiAbout = line.fee.approximate
        }
    }

    /// What all lines of a kind come to, those beyond the limit too.
    struct Total: Codable, Sendable {
        var kind: String
        var unit: String
        var bookings: Int64
        var units: String
        var mediaSeconds: Double
        var feeWei: String
        var feeWeiAbout: Double
    }

    static let mostLines = 10_000

    var from: Int64?
    var to: Int64?
    var lines: [Line]
    var linesLeftOut: Int
    var totals: [Total]
    var feeWei: String
    /// How it stands with the way to the disk.
    var writing: BookingLane.Status?

    init(_ lines: [UsageLine], _ filter: UsageFilter, writing: BookingLane.Status?) {
        from = filter.from
        to = filter.to
        self.lines = lines.prefix(Self.mostLines).map(Line.init)
        linesLeftOut = max(0, lines.count - Self.mostLines)
        self.writing = writing
        var whole = WeiSum()
        var sums: [String: (line: UsageLine, bookings: Int64, units: Int128, milliseconds: Int128, fee: WeiSum)] = [:]
        for line in lines {
            let key = "\(line.kind.rawValue) \(line.unit.rawValue)"
            var sum = sums[key] ?? (line, 0, 0, 0, WeiSum())
            sum.bookings += line.bookings
            sum.units += Int128(line.units)
            sum.milliseconds += Int128(line.milliseconds)
            sum.fee += line.fee
            sums[key] = sum
            whole += line.fee
        }
        feeWei = whole.description
        totals = sums.sorted { $0.key < $1.key }.map { _, sum in
            Total(
                kind: sum.line.kind.rawValue, unit: sum.line.unit.rawValue, bookings: sum.bookings, units: "\(sum.units)",
                mediaSeconds: Double(sum.milliseconds) / 1000, feeWei: sum.fee.description, feeWeiAbout: sum.fee.approximate)
        }
    }
}

extension UsageFilter {
    /// - Throws: `SettingsError` for a time or a group that cannot be.
    init(_ query: Query) throws {
        self.init(
            tenant: query["tenant"], stream: query["stream"], orchestrator: query["orchestrator"], capability: query["capability"],
            from: try Self.time(query, "from"), to: try Self.time(query, "to"))
        guard let text = query["group"] else { return }
        groups = Set(
            try text.split(separator: ",").map { name in
                guard let group = Group(rawValue: String(name)) else {
                    throw SettingsError("group '\(name)': of " + Group.allCases.map(\.rawValue).joined(separator: ", ") + " is right")
                }
                return group
            })
    }

    /// Unix seconds, or a date such as 2026-11-26T08:00:00Z.
    private static func time(_ query: Query, _ name: String) throws -> Int64? {
        guard let text = query[name] else { return nil }
        if let seconds = Int64(text), (0...9_999_999_999).contains(seconds) { return seconds }
        if let date = try? Date(text, strategy: .iso8601), date.timeIntervalSince1970 >= 0 { return Int64(date.timeIntervalSince1970) }
        throw SettingsError("\(name) '\(text)': Unix seconds, or a time such as 2026-11-26T08:00:00Z, is right")
    }
}
