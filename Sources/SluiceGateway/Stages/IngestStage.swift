package import SluiceTypes

/// Lets publishers in by name. A name that is live is refused; one whose publisher fell silent is taken over.
extension StreamTable: PublisherGate {
    package func open(_ request: PublishRequest, evict: @escaping @Sendable (Eviction) -> Void) async throws -> any Publication {
        SegmentStage(live: try await admit(request, profiles: nil, evict: evict), table: self)
    }
}
