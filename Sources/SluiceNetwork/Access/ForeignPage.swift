package import HTTPTypes

/// A page of another site that has somebody's browser ask us something. Such a page cannot read the answer, but an order is carried out all
/// the same; so whatever changes something, and whatever needs nothing but to stand in the right network, looks here first.
package struct ForeignPage: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Returns: `nil` for a page of our own, for what somebody typed or clicked in the browser itself, and for programs that are no
    ///   browsers. Pages send their `Origin` with what is not a mere look; newer browsers say with everything who asks (W3C Fetch Metadata),
    ///   where the address is one that they trust.
    package init?(asking head: HTTPRequest) {
        if let origin = head.headerFields[.origin] {
            let name = origin.split(separator: "://", maxSplits: 1).last.map(String.init) ?? origin
            guard name != head.authority ?? "" else { return nil }
            description = "a page of \(origin.prefix(200))"
            return
        }
        guard let site = head.headerFields[.secFetchSite], site != "same-origin", site != "none" else { return nil }
        description = "a page of another site"
    }
}

extension HTTPField.Name {
    /// Not among the names HTTPTypes knows; the text is a valid token.
    package static let secFetchSite: HTTPField.Name = {
        guard let name = HTTPField.Name("Sec-Fetch-Site") else { preconditionFailure("a literal header name was refused") }
        return name
    }()
}
