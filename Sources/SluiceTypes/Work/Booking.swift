/// What a unit of work is. Livepeer's wire says "pixel" for all of them (specs/payments §2).
package enum WorkUnit: String, Hashable, Sendable, CaseIterable {
    case pixel, second
    /// The whole job.
    case job
}

/// Why work was done.
package enum BookingKind: String, Hashable, Sendable, CaseIterable {
    /// The attempt that a segment was first given to, or that came in the place of a failed one.
    case primary, retry
    /// A second one beside a late one, and a copy to learn from: paid for as well, and booked as what they are.
    case hedge, canary
    /// Time of a session, or a job as a whole.
    case session
}

/// One piece of work that was done and is owed for: units × price, exact (specs/transcoding-protocol §4.5, payments §2).
///
/// The price is the orchestrator's posted price, or the quote that was accepted: never what a payer says of it
/// (specs/payments §10).
package struct Booking: Hashable, Sendable {
    /// Empty for nobody's in particular.
    package var tenant: String
    package var stream: String
    package var orchestrator: String
    /// Pipeline, and `/model` where there is one.
    package var capability: String
    package var kind: BookingKind
    package var unit: WorkUnit
    /// At least 0.
    package var units: Int64
    /// Milliseconds of media.
    package var milliseconds: Int64
    package var price: Price?
    /// Unix seconds.
    package var at: Int64

    package init(
        tenant: String, stream: String, orchestrator: String, capability: String, kind: BookingKind, unit: WorkUnit, units: Int64,
        milliseconds: Int64, price: Price?, at: Int64
    ) {
        self.tenant = tenant
        self.stream = stream
        self.orchestrator = orchestrator
        self.capability = capability
        self.kind = kind
        self.unit = unit
        self.units = max(0, units)
        self.milliseconds = max(0, milliseconds)
        self.price = price
        self.at = at
    }
}
