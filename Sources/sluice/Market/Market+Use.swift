import SluiceGateway
import SluiceMarket
import SluiceTypes
import Synchronization

/// Work of models and apps in the books, beside transcoding: seconds, begun ones whole, or jobs, at the price that was posted
/// (specs/byoc §3, payments §7.2).
extension Market {
    /// The size that the network counts a session of live video as where it is sold by the pixel (specs/live-ai-protocol §11).
    private static let pixelsPerSecond: Int64 = 1280 * 720 * 30
    private static let liveVideo = "live-video-to-video"

    func used(_ use: LiveVideoUse) {
        let now = Self.now
        let tenant = levels.owner(of: use.stream)
        let key = use.isJob ? Self.key(use.model, at: use.orchestrator) : Offer.Key(use.orchestrator, Self.liveVideo, use.model)
        let booking = state.withLock { state in
            let offered = state.catalog[key]?.offered
            let isByPixel = offered?.price != nil && offered?.unit == .pixel
            return Booking(
                tenant: tenant ?? state.servers.tenant(of: use.stream), stream: use.stream.rawValue,
                orchestrator: use.orchestrator.rawValue,
                capability: use.isJob ? use.model : "\(Self.liveVideo)/\(use.model)", kind: .session, unit: isByPixel ? .pixel : .second,
                units: isByPixel ? use.seconds &* Self.pixelsPerSecond : use.seconds, milliseconds: use.seconds &* 1000,
                price: offered?.price, at: now)
        }
        lane?.offer([booking])
        hands.booked([booking])
    }

    func used(_ use: AppUse) {
        let now = Self.now
        let booking = state.withLock { state in
            let terms = Self.terms(of: use.runner, state, at: now)
            let units =
                switch terms.unit {
                case .job: use.jobs
                case .second: use.seconds
                case .pixel: use.seconds &* Self.pixelsPerSecond
                }
            // The name of the app is what it is told apart by; sessions have no names that anybody would ask for.
            return Booking(
                tenant: "", stream: "", orchestrator: use.runner.orchestrator.rawValue, capability: use.runner.app, kind: .session,
                unit: terms.unit, units: units, milliseconds: use.seconds &* 1000, price: terms.price, at: now)
        }
        if booking.units > 0 { lane?.offer([booking]) }
    }

    /// An app is a pipeline, by custom with a model behind it.
    private static func key(_ app: String, at orchestrator: OrchestratorID) -> Offer.Key {
        let name = app.split(separator: "/", maxSplits: 1).map(String.init)
        return Offer.Key(orchestrator, name.first ?? app, name.count == 2 ? name[1] : nil)
    }

    /// What its orchestrator posts in wei; else what its operator asks in US dollars, where a rate is known. Without either the work is
    /// booked and nothing is owed.
    private static func terms(of runner: RemoteRunner, _ state: State, at now: Int64) -> (unit: WorkUnit, price: Price?) {
        if let offered = state.catalog[key(runner.app, at: runner.orchestrator)]?.offered, let price = offered.price {
            return (offered.unit, price)
        }
        guard let asked = runner.price else { return (.second, nil) }
        let (unit, perUnit): (WorkUnit, Double) =
            switch asked.unit {
            case .hour: (.second, 3600)
            case .hd: (.pixel, 3600 * Double(pixelsPerSecond))
            case .fixed: (.job, 1)
            }
        guard let money = Money(asked.amount, .other("USD")), let wei = try? state.rates.wei(in: money, at: now).wei else {
            return (unit, nil)
        }
        return (unit, Price(wei: wei / perUnit))
    }
}
