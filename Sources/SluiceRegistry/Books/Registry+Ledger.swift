import GRDB
package import SluiceTypes

/// The books in SQLite: a row for each hour, tenant, stream, orchestrator, capability, kind and price. Sums of whole units are kept, and
/// fees are made of them where they are asked for: so nothing is ever rounded.
extension Registry: Ledger {
    private static let hour: Int64 = 3600

    package func book(_ bookings: [Booking]) async throws {
        guard !bookings.isEmpty else { return }
        // Many bookings of a batch are for the same line: one statement for all of them.
        var lines: [UsageKey: UsageSums] = [:]
        for booking in bookings { lines[UsageKey(booking, hour: Self.hour), default: UsageSums()].add(booking) }
        try await write { [lines] database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET bookings = bookings + excluded.bookings, units = units + excluded.units,
                        milliseconds = milliseconds + excluded.milliseconds
                    """)
            for (key, sums) in lines {
                try statement.execute(arguments: [
                    key.hour, key.tenant, key.stream, key.orchestrator, key.capability, key.kind, key.unit, key.wei, key.per,
                    sums.bookings, sums.units, sums.milliseconds,
                ])
            }
        }
    }

    package func usage(_ filter: UsageFilter) async throws -> [UsageLine] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        for (column, value) in [
            ("tenant", filter.tenant), ("stream", filter.stream), ("orchestrator", filter.orchestrator), ("capability", filter.capability),
        ] {
            guard let value else { continue }
            conditions.append("\(column) = ?")
            arguments += [value]
        }
        if let from = filter.from {
            conditions.append("hour >= ?")
            arguments += [from - from % Self.hour]
        }
        if let to = filter.to {
            conditions.append("hour < ?")
            arguments += [to]
        }
        let columns = UsageFilter.Group.allCases.filter(filter.groups.contains).map(\.rawValue) + ["kind", "unit", "wei", "per"]
        let list = columns.joined(separator: ", ")
        let sql = """
            SELECT \(list), sum(bookings) AS bookings, sum(units) AS units, sum(milliseconds) AS milliseconds FROM usage
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")) GROUP BY \(list) ORDER BY \(list)
            """
        return try await read { [arguments] database in
            try Row.fetchAll(database, sql: sql, arguments: arguments).map { try UsageLine($0) }
        }
    }

    /// Hours before the one of `moment` become days, so that the books grow by the day.
    ///
    /// - Parameter namesBefore: of days before this one the names of streams go as well, so that they grow by tenant and orchestrator.
    package func rollUp(before moment: Int64, namesBefore: Int64 = 0) async throws {
        let day: Int64 = 86_400
        let end = moment - moment % day
        let nameless = namesBefore - namesBefore % day
        try await write { database in
            try database.execute(
                sql: """
                    CREATE TEMP TABLE rolled AS SELECT hour / \(day) * \(day) AS day, tenant,
                        CASE WHEN hour < ? THEN '' ELSE stream END AS stream, orchestrator, capability, kind, unit, wei, per, sum(bookings) AS bookings, sum(units) AS units, sum(milliseconds) AS milliseconds
                        FROM usage WHERE hour < ? GROUP BY day, tenant, 3, orchestrator, capability, kind, unit, wei, per;
                    """, arguments: [nameless, end])
            try database.execute(sql: "DELETE FROM usage WHERE hour < ?", arguments: [end])
            try database.execute(sql: "INSERT INTO usage SELECT * FROM rolled")
            try database.execute(sql: "DROP TABLE rolled")
        }
    }
}

private struct UsageKey: Hashable, Sendable {
    let hour: Int64
    let tenant: String
    let stream: String
    let orchestrator: String
    let capability: String
    let kind: String
    let unit: String
    /// -1 where there is no price.
    let wei: Int64
    let per: Int64

    init(_ booking: Booking, hour: Int64) {
        self.hour = booking.at - booking.at % hour
        tenant = booking.tenant
        stream = booking.stream
        orchestrator = booking.orchestrator
        capability = booking.capability
        kind = booking.kind.rawValue
        unit = booking.unit.rawValue
        wei = booking.price?.pricePerUnit ?? -1
        per = booking.price?.pixelsPerUnit ?? 1
    }
}

private struct UsageSums: Sendable {
    /// Of one booking: the largest segment with all of its renditions is below. A sum that goes over becomes a number with a fraction in
    /// SQLite, which nothing here can read.
    private static let most: Int64 = 1 << 46

    var bookings: Int64 = 0
    var units: Int64 = 0
    var milliseconds: Int64 = 0

    mutating func add(_ booking: Booking) {
        bookings += 1
        units &+= min(booking.units, Self.most)
        milliseconds &+= booking.milliseconds
    }
}

extension UsageLine {
    fileprivate init(_ row: Row) throws {
        guard let kind = BookingKind(rawValue: row["kind"]), let unit = WorkUnit(rawValue: row["unit"]) else {
            throw RegistryError(path: "", reason: .corrupt("a booking of kind \(row["kind"] as String) and unit \(row["unit"] as String)"))
        }
        self.init(
            hour: row["hour"], tenant: row["tenant"], stream: row["stream"], orchestrator: row["orchestrator"],
            capability: row["capability"], kind: kind, unit: unit, price: Price(pricePerUnit: row["wei"], pixelsPerUnit: row["per"]),
            bookings: row["bookings"], units: row["units"], milliseconds: row["milliseconds"])
    }
}
