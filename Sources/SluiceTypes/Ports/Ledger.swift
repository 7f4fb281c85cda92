/// The books: who owes what to whom for which work.
package protocol Ledger: Sendable {
    /// Returns once all of them are on the disk to stay; throws when none of them is.
    func book(_ bookings: [Booking]) async throws

    func usage(_ filter: UsageFilter) async throws -> [UsageLine]
}

/// Which lines of the books are wanted; `nil` is any.
package struct UsageFilter: Hashable, Sendable {
    package var tenant: String?
    package var stream: String?
    package var orchestrator: String?
    package var capability: String?
    /// Unix seconds, from and up to; whole hours.
    package var from: Int64?
    package var to: Int64?
    /// Columns that lines are kept apart by, besides kind, unit and price.
    package var groups: Set<Group>

    package enum Group: String, Hashable, Sendable, CaseIterable {
        case tenant, stream, orchestrator, capability, hour
    }

    package init(
        tenant: String? = nil, stream: String? = nil, orchestrator: String? = nil, capability: String? = nil, from: Int64? = nil,
        to: Int64? = nil, groups: Set<Group> = [.tenant, .stream, .orchestrator, .capability]
    ) {
        self.tenant = tenant
        self.stream = stream
        self.orchestrator = orchestrator
        self.capability = capability
        self.from = from
        self.to = to
        self.groups = groups
    }
}

/// Bookings of one kind at one price, together.
package struct UsageLine: Hashable, Sendable {
    /// Unix seconds of the hour; `nil` where hours are together, as all else that was not kept apart.
    package var hour: Int64?
    package var tenant: String?
    package var stream: String?
    package var orchestrator: String?
    package var capability: String?
    package var kind: BookingKind
    package var unit: WorkUnit
    package var price: Price?
    package var bookings: Int64
    package var units: Int64
    package var milliseconds: Int64

    package init(
        hour: Int64? = nil, tenant: String? = nil, stream: String? = nil, orchestrator: String? = nil, capability: String? = nil,
        kind: BookingKind, unit: WorkUnit, price: Price?, bookings: Int64, units: Int64, milliseconds: Int64
    ) {
        self.hour = hour
        self.tenant = tenant
        self.stream = stream
        self.orchestrator = orchestrator
        self.capability = capability
        self.kind = kind
        self.unit = unit
        self.price = price
        self.bookings = bookings
        self.units = units
        self.milliseconds = milliseconds
    }
}
