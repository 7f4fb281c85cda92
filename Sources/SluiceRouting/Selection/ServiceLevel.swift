package import SluiceTypes

/// What an operator promises for a stream, and what it may cost. The next segment obeys a change; nothing under way is dropped.
package struct ServiceLevel: Hashable, Sendable {
    package enum Target: Hashable, Sendable {
        /// Of the segment's duration.
        case share(Double)
        case seconds(Double)
    }

    /// From the cut of a segment to its last rendition. Orchestrators predicted to keep it are equal in latency.
    package var latency: Target
    /// With which certainty the target is to be kept; 0.5 to 0.99.
    package var percentile: Double
    /// From the cut to the moment at which a player needs the renditions; later is a miss. Of the segment's duration.
    package var playoutBudget: Double
    /// GPU classes that may be used; `nil` is any.
    package var allowedClasses: Set<GPUClass>?
    /// Taken before others that keep the target.
    package var preferredClasses: Set<GPUClass>
    package var region: String?
    /// Wei per pixel; `nil` is any price.
    package var maxPrice: Double?
    /// Segments that may be worked on twice, as a share; 0 forbids hedges. Retries of what failed are not bound by it.
    package var hedgeBudget: Double
    package var onMiss: OnMiss
    /// How much sooner (seconds) or, at equal latency, how much cheaper (share of the price) another must be, several segments in a
    /// row, before a stream leaves its orchestrator.
    package var continuity: Continuity

    /// What stands in a rendition's playlist where its segment did not come back.
    package enum OnMiss: String, Hashable, Sendable, CaseIterable {
        /// `EXT-X-GAP`: the player jumps over it.
        case gap
        /// The source segment stands in, after a discontinuity.
        case source
        /// The next smaller rendition of the same segment that came; a gap where none did.
        case lower
        /// As `gap`, but only after a further wait.
        case wait
    }

    package struct Continuity: Hashable, Sendable {
        package var seconds: Double
        package var price: Double
        /// Segments in a row.
        package var segments: Int

        package init(seconds: Double = 0.3, price: Double = 0.3, segments: Int = 5) {
            self.seconds = seconds
            self.price = price
            self.segments = segments
        }
    }

    package init(
        latency: Target = .share(0.6), percentile: Double = 0.9, playoutBudget: Double = 1.5, allowedClasses: Set<GPUClass>? = nil,
        preferredClasses: Set<GPUClass> = [], region: String? = nil, maxPrice: Double? = nil, hedgeBudget: Double = 0.05,
        onMiss: OnMiss = .gap,
        continuity: Continuity = .init()
    ) {
        self.latency = latency
        self.percentile = percentile
        self.playoutBudget = playoutBudget
        self.allowedClasses = allowedClasses
        self.preferredClasses = preferredClasses
        self.region = region
        self.maxPrice = maxPrice
        self.hedgeBudget = hedgeBudget
        self.onMiss = onMiss
        self.continuity = continuity
    }

    /// Shortest target: below it the network's own way is all that is left (specs/selection-and-reliability E6).
    package static let shortestTarget = 0.1

    /// Seconds from the cut.
    package func target(for duration: Double) -> Double {
        switch latency {
        case .share(let share): max(Self.shortestTarget, share * duration)
        case .seconds(let seconds): max(Self.shortestTarget, seconds)
        }
    }
}
