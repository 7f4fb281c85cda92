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

    package init(session: @escaping @Sendable (SessionID) -> Price?, capabilities: @escaping @Sendable () -> [Capability] = { [] }) {
        self.session = session
        self.capabilities = capabilities
    }
}
