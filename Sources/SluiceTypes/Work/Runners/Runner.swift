/// One application behind an orchestrator, for as long as it is registered there (specs/byoc §11).
package struct RunnerID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String
    package init(_ rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }
}

package enum RunnerMode: String, Hashable, Sendable, CaseIterable {
    /// Reserve, ask as often as you like, stop.
    case persistent
    /// One request is one session.
    case singleShot = "single-shot"
}

/// The graphics chip that a runner says it has.
package struct RunnerGPU: Hashable, Sendable {
    /// A device index as text, or the vendor's identifier.
    package var id: String
    package var name: String
    /// Mebibytes; 0 when unknown.
    package var memoryMB: Int

    package init(id: String, name: String = "", memoryMB: Int = 0) {
        self.id = id
        self.name = name
        self.memoryMB = memoryMB
    }
}

/// What its operator asks for it, in US dollars. Shown off-chain, charged by nobody there.
package struct RunnerPrice: Hashable, Sendable {
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        case hour
        /// An hour of 1280x720 at 30 frames a second.
        case hd = "720p"
        /// For each session.
        case fixed
    }

    package var amount: Double
    package var unit: Unit

    package init(amount: Double, unit: Unit) {
        self.amount = amount
        self.unit = unit
    }
}

/// What a runner, or its operator, says of it.
package struct RunnerFacts: Hashable, Sendable {
    /// Empty when it has none.
    package var label: String
    /// The label, not the identifier, stands in its URLs.
    package var routesByLabel: Bool
    /// Sessions are reached under a URL that names neither runner nor session (specs/byoc §13.4).
    package var hasProxyURL: Bool
    /// Absolute, `http` or `https`, without a slash at its end. Known to the orchestrator alone.
    package var url: String
    package var app: String
    package var version: String
    package var metadata: String
    package var mode: RunnerMode
    /// Sessions at once.
    package var capacity: Int
    package var gpu: RunnerGPU?
    package var price: RunnerPrice?

    package init(
        label: String = "", routesByLabel: Bool = false, hasProxyURL: Bool = false, url: String, app: String, version: String = "",
        metadata: String = "", mode: RunnerMode = .persistent, capacity: Int = 1, gpu: RunnerGPU? = nil, price: RunnerPrice? = nil
    ) {
        self.label = label
        self.routesByLabel = routesByLabel
        self.hasProxyURL = hasProxyURL
        self.url = url
        self.app = app
        self.version = version
        self.metadata = metadata
        self.mode = mode
        self.capacity = capacity
        self.gpu = gpu
        self.price = price
    }
}

/// How an operator's runner is asked whether it is well.
package struct RunnerHealthCheck: Hashable, Sendable {
    /// Absolute.
    package var url: String
    package var healthyStatus: Int
    /// Somebody keeps the runner there, and asks by himself.
    package var isKept: Bool

    package init(url: String, healthyStatus: Int = 200, isKept: Bool = false) {
        self.url = url
        self.healthyStatus = healthyStatus
        self.isKept = isKept
    }
}

/// A runner that its operator registers.
package struct StaticRunner: Hashable, Sendable {
    package var facts: RunnerFacts
    package var health: RunnerHealthCheck

    package init(facts: RunnerFacts, health: RunnerHealthCheck) {
        self.facts = facts
        self.health = health
    }
}

/// A capability as BYOC has it: a single-shot runner with a name, and a token of its own (specs/byoc §2).
package struct CapabilityRunner: Hashable, Sendable {
    package var facts: RunnerFacts
    package var description: String
    /// Sent to it as `Authorization: Bearer`; empty for none.
    package var token: String

    package init(facts: RunnerFacts, description: String, token: String) {
        self.facts = facts
        self.description = description
        self.token = token
    }
}

/// What a runner that registers itself says every few seconds.
package struct RunnerHeartbeat: Hashable, Sendable {
    /// One it has, or one it would like.
    package var id: RunnerID?
    package var facts: RunnerFacts
    package var isReady: Bool

    package init(id: RunnerID?, facts: RunnerFacts, isReady: Bool) {
        self.id = id
        self.facts = facts
        self.isReady = isReady
    }
}

/// A runner as it is offered to clients.
package struct RunnerOffer: Hashable, Sendable {
    package var id: RunnerID
    /// What stands in its URLs.
    package var route: String
    package var facts: RunnerFacts
    package var used: Int

    package init(id: RunnerID, route: String, facts: RunnerFacts, used: Int) {
        self.id = id
        self.route = route
        self.facts = facts
        self.used = used
    }

    package var available: Int { max(0, facts.capacity - used) }
}
