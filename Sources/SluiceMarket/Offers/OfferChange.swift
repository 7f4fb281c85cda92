import SluiceTypes

/// One step of the catalogue: what an offer has become.
package struct OfferChange: Sendable {
    package enum Kind: Hashable, Sendable {
        case added, changed, removed
    }

    /// Of the catalogue after this change; rises by one with each.
    package var version: UInt64
    package var kind: Kind
    package var key: Offer.Key
    /// The offer as JSON on one line; for one that was removed its key alone.
    package var json: [UInt8]

    package var name: String {
        switch kind {
        case .added: "added"
        case .changed: "changed"
        case .removed: "removed"
        }
    }
}
