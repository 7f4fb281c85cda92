package import SluiceTypes

/// What an orchestrator says of runners and sessions, as JSON with the reference's names in the reference's order.
package struct RunnerAnswers: Sendable {
    /// How clients reach this orchestrator, without a slash at its end.
    package let serviceURI: String
    /// How runners reach it.
    package let runnerBase: String
    package let proxyURL: RunnerProxyURL

    package init(serviceURI: String, runnerBase: String, proxyURL: RunnerProxyURL) {
        self.serviceURI = serviceURI
        self.runnerBase = runnerBase
        self.proxyURL = proxyURL
    }

    // MARK: Discovery

    package func discovery(_ offers: [RunnerOffer]) -> JSONTree {
        .list([.members(["address": .text(serviceURI), "runners": offers.isEmpty ? nil : .list(offers.map(offer))])])
    }

    package func offer(_ offer: RunnerOffer) -> JSONTree {
        let facts = offer.facts
        return .members([
            "url": .text(url(of: offer)), "gpu": facts.gpu.map(Self.gpu), "app": .text(facts.app),
            "version": facts.version.isEmpty ? nil : .text(facts.version),
            "metadata": facts.metadata.isEmpty ? nil : .text(facts.metadata), "mode": .text(facts.mode.rawValue),
            "capacity": .int(facts.capacity), "capacity_used": .int(offer.used), "capacity_available": .int(offer.available),
            // Not `price_info`: who sees that wants to pay.
            "list_price": facts.price.map(Self.price),
        ])
    }

    private func url(of offer: RunnerOffer) -> String {
        switch offer.facts.mode {
        case .persistent: "\(serviceURI)/apps/\(offer.route)/session"
        case .singleShot:
            offer.facts.hasProxyURL
                ? proxyURL.url(offer.facts.label.isEmpty ? offer.id.rawValue : offer.facts.label) : "\(serviceURI)/apps/\(offer.route)/app"
        }
    }

    private static func gpu(_ gpu: RunnerGPU) -> JSONTree {
        .members(["id": .text(gpu.id), "name": .text(gpu.name), "vram_mb": .int(gpu.memoryMB)])
    }

    private static func price(_ price: RunnerPrice) -> JSONTree {
        .members(["price": .number(price.amount), "currency": "usd", "unit": .text(price.unit.rawValue)])
    }

    // MARK: Registration

    package static func registered(_ standings: [RunnerStanding]) -> JSONTree {
        .members(["runners": .list(standings.map(registered))])
    }

    private static func registered(_ one: RunnerStanding) -> JSONTree {
        .members([
            "runner_id": .text(one.id.rawValue), "label": one.facts.label.isEmpty ? nil : .text(one.facts.label),
            "app": .text(one.facts.app),
            "runner_url": .text(one.facts.url), "mode": .text(one.facts.mode.rawValue),
            "health_url": one.health.map { .text($0.url) }, "healthy_status_code": one.health.map { .int($0.healthyStatus) },
            "healthy": .bool(one.isVisible),
        ])
    }

    /// - Parameters:
    ///   - interval, ttl: of heartbeats.
    ///   - secret, channel: with the first answer only.
    package func heartbeat(
        _ standing: RunnerStanding, interval: Duration, ttl: Duration, secret: String?, channel: JSONTree?
    ) -> JSONTree {
        .members([
            "runner_id": .text(standing.id.rawValue), "orchestrator": .text(serviceURI),
            "heartbeat_interval": .text("\(interval.components.seconds)s"), "heartbeat_ttl": .text("\(ttl.components.seconds)s"),
            "heartbeat_secret": secret.map { .text($0) }, "o2r": channel,
            "session_ids": .list(standing.sessions.map { .text($0.rawValue) }),
        ])
    }

    /// - Parameter name: of the trickle channel.
    package func runnerChannel(_ name: String) -> JSONTree {
        .members([
            "name": "o2r", "channel_name": .text(name), "url": .text("\(runnerBase)/ai/trickle/\(name)"), "mime_type": "application/json",
        ])
    }

    /// What is said on it.
    ///
    /// - Parameter time: RFC 3339.
    package static func runnerEvent(_ event: String, _ session: SessionID, time: String) -> JSONTree {
        .members(["event": .text(event), "session": .text(session.rawValue), "timestamp": .text(time)])
    }

    package static let keepAlive: JSONTree = .members(["keep": "alive"])

    // MARK: Sessions

    package func session(_ session: RunnerSession) -> JSONTree {
        let control = "\(serviceURI)/apps/\(session.route)/session/\(session.id)"
        return .members([
            "session_id": .text(session.id.rawValue), "app_url": .text(session.proxy.map(proxyURL.url) ?? "\(control)/app"),
            "control_url": .text(control),
        ])
    }

    /// The base of the URLs that a runner calls for a session of its own.
    package func callbackBase(_ session: RunnerSession) -> String { "\(runnerBase)/runner/\(session.route)/session/\(session.id)" }

    package func channels(_ channels: [RunnerChannel], of session: SessionID) -> JSONTree {
        .members([
            "channels": .list(
                channels.map { channel in
                    let name = "\(session)-\(channel.name)"
                    return .members([
                        "name": .text(channel.name), "channel_name": .text(name), "url": .text("\(serviceURI)/ai/trickle/\(name)"),
                        "internal_url": .text("\(runnerBase)/ai/trickle/\(name)"), "mime_type": .text(channel.contentType),
                    ])
                })
        ])
    }

    package func proxy(_ id: String) -> JSONTree { .members(["proxy_id": .text(id), "url": .text(proxyURL.url(id))]) }
}
