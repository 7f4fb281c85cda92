package import SluiceTypes

/// What an orchestrator asks for its work.
package struct AskedPrices: Sendable {
    /// The price of one capability, and of one model of it (`PriceInfo.capability`, `.constraint`; specs/payments §2).
    package struct Capability: Hashable, Sendable {
        package var price: Price
        /// Livepeer's number, also of those that this build does no work of.
        package var number: UInt32
        /// The model, or the external capability's name; empty for all.
        package var constraint: String

        package init(price: Price, number: UInt32, constraint: String) {
            self.price = price
            self.number = number
            self.constraint = constraint
        }
    }

    /// Of transcoding, in this session; the same for as long as it was promised. `nil` off-chain, where nothing is asked.
    package var session: @Sendable (SessionID) -> Price?
    package var capabilities: @Sendable () -> [Capability]
    /// Why work cannot be paid at the price that its payer names; `nil` where that is what was quoted for this session and holds. The
    /// fee is what was quoted, whatever a payer says (specs/payments §10).
    package var objection: @Sendable (SessionID, _ expected: Price) -> String?

    package init(
        session: @escaping @Sendable (SessionID) -> Price?, capabilities: @escaping @Sendable () -> [Capability] = { [] },
        objection: (@Sendable (SessionID, Price) -> String?)? = nil
    ) {
        self.session = session
        self.capabilities = capabilities
        self.objection = objection ?? { Self.objection(to: $1, asked: session($0)) }
    }

    /// - Parameter asked: `nil` for nothing.
    package static func objection(to expected: Price, asked: Price?) -> String? {
        let asked = asked ?? Price(pricePerUnit: 0, pixelsPerUnit: 1)
        guard let asked, !asked.isSame(as: expected) else { return nil }
        return "the payment names \(expected.words), but this session was quoted \(asked.words)"
    }
}
