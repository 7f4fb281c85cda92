import Logging
import NIOCore
import SluiceMarket
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Synchronization

/// An orchestrator's price function at work: what it asks now, and what it asked of whom it still owes that price.
final class PostedPrices: Sendable {
    /// What a session was quoted, and what before that: a payer who still names that hears since when it does not hold.
    private struct Promise {
        var price: Price
        var until: Int64
        var former: (price: Price, until: Int64)?
    }

    private struct State {
        var rates: RateBook
        var load = LoadState.usual
        var sessions = QuoteBook<Promise>()
        var problem: String?
        var last: Price?
    }

    let settings: PricingSettings
    /// 0 to 1.
    private let load: @Sendable () -> Double
    private let clock: @Sendable () -> Int64
    private let state: Mutex<State>

    init(_ settings: PricingSettings, load: @escaping @Sendable () -> Double, clock: @escaping @Sendable () -> Int64 = { Market.now }) {
        self.settings = settings
        self.load = load
        self.clock = clock
        state = Mutex(State(rates: settings.rates.book))
    }

    /// The price for what is asked, with this machine's class and region where the question names none.
    func terms(_ ask: PriceAsk) throws(PriceFunction.Problem) -> PricedTerms {
        var ask = ask
        ask.gpuClass = ask.gpuClass ?? settings.gpuClass
        ask.region = ask.region ?? settings.region
        let now = clock()
        let load = load()
        let (band, rates) = state.withLock { state in
            state.load = settings.function.load.next(after: state.load, load: load)
            return (state.load, state.rates)
        }
        return try settings.function.price(ask, state: band, rates: rates, at: now)
    }

    /// What transcoding costs in this session: the price at its beginning while that is promised, then the present one, promised anew.
    ///
    /// Where there is no price (its rate is missing or old) nothing is sold at a guess: the last one that was posted holds.
    func price(of session: SessionID) -> Price? {
        guard !settings.isFree else { return nil }
        let now = clock()
        if let promised = state.withLock({ try? $0.sessions.terms(of: session.rawValue, at: now).terms }) { return promised.price }
        do {
            let terms = try terms(PriceAsk())
            state.withLock { state in
                state.problem = nil
                state.last = terms.price
                let former = state.sessions.latest(of: session.rawValue).map { ($0.price, $0.until) }
                let promise = Promise(price: terms.price, until: terms.validUntil, former: former)
                state.sessions.give(promise, as: session.rawValue, until: terms.validUntil, at: now)
            }
            return terms.price
        } catch {
            return state.withLock { state in
                state.problem = "\(error)"
                return state.last
            }
        }
    }

    /// Why a payment that names this price is none for the session.
    func objection(to expected: Price, of session: SessionID) -> String? {
        let asked = price(of: session)
        guard let objection = AskedPrices.objection(to: expected, asked: asked) else { return nil }
        let former = state.withLock { $0.sessions.latest(of: session.rawValue)?.former }
        guard let former, let asked, former.price.isSame(as: expected) else { return objection }
        return "the quote of \(expected.words) for this session expired \(max(0, clock() - former.until)) s ago; now it is \(asked.words)"
    }

    /// What is told to gateways beyond Livepeer's words.
    func terms(sessions: Int, inUse: Int, models: [MarketTerms.Model]) -> MarketTerms {
        let now = clock()
        let load = load()
        let (band, rates) = state.withLock { state in
            state.load = settings.function.load.next(after: state.load, load: load)
            return (state.load, state.rates)
        }
        return MarketTerms(
            region: settings.region, gpuClass: settings.gpuClass, encoderSlots: settings.encoderSlots > 0 ? settings.encoderSlots : nil,
            sessions: sessions, sessionsInUse: inUse, minimumVersion: settings.minimumVersion,
            models: Array(models.prefix(MarketTerms.mostItems)),
            prices: settings.isFree ? nil : settings.function.terms(band, rates: rates, at: now))
    }

    /// Why transcoding has no price at the moment.
    var problem: String? { state.withLock { $0.problem } }

    /// Why this cannot start: a base in a currency that nobody will ever know.
    var objection: String? {
        guard settings.rates.source == nil else { return nil }
        let now = clock()
        let rates = state.withLock { $0.rates }
        for base in settings.function.bases {
            do { _ = try rates.wei(in: base.price, at: now) } catch {
                return "pricing.base '\(base.pipeline)': \(error); pricing.rates or pricing.rateSource is right"
            }
        }
        return nil
    }

    func take(_ answer: RateAnswer, from source: String) {
        let asOf = min(answer.asOf, clock())
        state.withLock { state in
            for (currency, wei) in answer.rates {
                if let rate = ExchangeRate(weiPerUnit: wei, source: source, asOf: asOf) { state.rates.set(rate, for: currency) }
            }
        }
    }

    /// Asks the rate source until it is cancelled.
    func keepRates(group: any EventLoopGroup, logger: Logger) async {
        guard let source = settings.rates.source else { return }
        await RatePolling(source: source, group: group, logger: logger).run { self.take($0, from: "\(source)") }
    }

    var asked: AskedPrices {
        AskedPrices(session: { self.price(of: $0) }, capabilities: { self.capabilities }, objection: { self.objection(to: $1, of: $0) })
    }

    /// Of every base that the network has a number for.
    private var capabilities: [AskedPrices.Capability] {
        settings.function.bases.compactMap { base in
            guard let terms = try? terms(PriceAsk(pipeline: base.pipeline, model: base.model)) else { return nil }
            let number = PipelineNumber.of(base.pipeline)
            return AskedPrices.Capability(
                price: terms.price, number: number ?? PipelineNumber.external,
                constraint: base.model ?? (number == nil ? base.pipeline : ""))
        }
    }
}

/// Livepeer's numbers of pipelines by their names (specs/transcoding-protocol §5.1).
enum PipelineNumber {
    /// BYOC: the name stands in the constraint.
    static let external: UInt32 = 37

    static func of(_ pipeline: String) -> UInt32? { numbers[pipeline] }

    private static let numbers: [String: UInt32] = [
        OfferedCapability.transcode: 0, "text-to-image": 27, "image-to-image": 28, "image-to-video": 29, "upscale": 30, "audio-to-text": 31,
        "segment-anything-2": 32, "llm": 33, "image-to-text": 34, "live-video-to-video": 35, "text-to-speech": 36,
    ]
}

extension MarketTerms.Model {
    /// A runner that has registered is warm; what it is made of it may say itself.
    init(_ model: LiveVideoCapability.Model) {
        self.init(
            pipeline: "live-video-to-video", name: model.name, version: model.version, digest: model.digest, isWarm: true,
            capacity: model.capacity, inUse: model.used)
    }
}
