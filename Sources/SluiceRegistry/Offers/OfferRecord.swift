import Foundation
import GRDB
package import SluiceTypes

/// An offer as it is remembered over a restart: whom it is from, and what was said, in words that the registry does not read.
package struct OfferRecord: Hashable, Sendable {
    package var orchestrator: String
    package var pipeline: String
    /// Empty for none.
    package var model: String
    package var body: [UInt8]
    /// Unix seconds.
    package var seen: Int64
    package var price: Price?
    package var unit: WorkUnit

    package init(
        orchestrator: String, pipeline: String, model: String, body: [UInt8], seen: Int64, price: Price? = nil, unit: WorkUnit = .pixel
    ) {
        self.orchestrator = orchestrator
        self.pipeline = pipeline
        self.model = model
        self.body = body
        self.seen = seen
        self.price = price
        self.unit = unit
    }
}

extension Registry {
    /// Offers kept: the oldest go. As many as the catalogue takes.
    package static let mostOffers = 20_000
    /// Prices kept of each offer.
    package static let mostPrices = 200

    /// Remembers offers, and their prices where these have changed.
    package func remember(_ offers: [OfferRecord]) async throws {
        guard !offers.isEmpty else { return }
        try await write { database in
            let put = try database.cachedStatement(
                sql: """
                    INSERT INTO offer VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET body = excluded.body, seen = excluded.seen
                    """)
            for offer in offers {
                let key: [any DatabaseValueConvertible] = [offer.orchestrator, offer.pipeline, offer.model]
                try put.execute(arguments: StatementArguments(key + [Data(offer.body), offer.seen]))
                if let price = offer.price { try Self.remember(price, offer.unit, of: key, at: offer.seen, database) }
            }
            try database.execute(
                sql: """
                    DELETE FROM offer WHERE (orchestrator, pipeline, model) IN
                    (SELECT orchestrator, pipeline, model FROM offer ORDER BY seen DESC LIMIT -1 OFFSET \(Self.mostOffers))
                    """)
        }
    }

    private static func remember(
        _ price: Price, _ unit: WorkUnit, of key: [any DatabaseValueConvertible], at moment: Int64, _ database: Database
    ) throws {
        let same = "orchestrator = ? AND pipeline = ? AND model = ?"
        let last = try Row.fetchOne(
            database, sql: "SELECT wei, per FROM price WHERE \(same) ORDER BY at DESC LIMIT 1", arguments: StatementArguments(key))
        if let last, last["wei"] == price.pricePerUnit, last["per"] == price.pixelsPerUnit { return }
        try database.execute(
            sql: "INSERT OR REPLACE INTO price VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: StatementArguments(key + [moment, price.pricePerUnit, price.pixelsPerUnit, unit.rawValue]))
        try database.execute(
            sql:
                "DELETE FROM price WHERE \(same) AND at IN (SELECT at FROM price WHERE \(same) ORDER BY at DESC LIMIT -1 OFFSET \(mostPrices))",
            arguments: StatementArguments(key + key))
    }

    package func offers() async throws -> [OfferRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM offer ORDER BY orchestrator, pipeline, model").map { row in
                OfferRecord(
                    orchestrator: row["orchestrator"], pipeline: row["pipeline"], model: row["model"], body: [UInt8](row["body"] as Data),
                    seen: row["seen"])
            }
        }
    }

    package struct PricePoint: Hashable, Sendable {
        package var at: Int64
        package var price: Price
    }

    /// Newest first.
    package func prices(orchestrator: String, pipeline: String, model: String) async throws -> [PricePoint] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT at, wei, per FROM price WHERE orchestrator = ? AND pipeline = ? AND model = ? ORDER BY at DESC",
                arguments: [orchestrator, pipeline, model]
            ).compactMap { row in
                Price(pricePerUnit: row["wei"], pixelsPerUnit: row["per"]).map { PricePoint(at: row["at"], price: $0) }
            }
        }
    }
}
