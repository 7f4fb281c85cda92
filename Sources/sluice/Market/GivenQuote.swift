import SluiceMarket
import SluiceRouting
import SluiceTypes
import Synchronization

/// A quote that was given: the prices at which the work may be had while it holds.
struct GivenQuote: Sendable {
    var id: String
    /// Unix seconds.
    var until: Int64
    /// By orchestrator.
    var prices: [OrchestratorID: Price]
    var answer: QuoteReport

    /// The answer with its name in it.
    var named: QuoteReport {
        var named = answer
        named.quote = id
        return named
    }

    /// The dearest of those that were offered.
    var ceiling: Double? { prices.values.map(\.weiPerPixel).max() }
}

extension Market {
    enum AcceptProblem: Error, CustomStringConvertible {
        case quote(QuoteBook<GivenQuote>.Problem)
        case name(String)
        case tooMany

        var description: String {
            switch self {
            case .quote(let problem): "\(problem)"
            case .name(let text): "'\(text)' is no stream's name; letters, digits and -_.+ are right"
            case .tooMany: "more than \(Market.mostAccepted) streams were begun on quotes"
            }
        }
    }

    static let mostAccepted = 20_000
    /// Seconds after the end of a stream in which its last segments still settle.
    private static let settling: Int64 = 60

    /// Gives an answer a name under which it is honoured.
    func give(_ answer: QuoteReport, _ prices: [OrchestratorID: Price], at now: Int64) -> GivenQuote {
        let quote = GivenQuote(
            id: Self.randomName(), until: now + settings.quoteSeconds, prices: prices, answer: answer)
        state.withLock { $0.quotes.give(quote, as: quote.id, until: quote.until, at: now) }
        return quote
    }

    /// Nobody guesses another's: 128 bits.
    private static func randomName() -> String {
        let bits = [UInt64.random(in: .min ... .max), .random(in: .min ... .max)]
        return bits.map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }

    func quote(_ id: String, at now: Int64) throws(AcceptProblem) -> GivenQuote {
        let quotes = state.withLock { $0.quotes }
        do { return try quotes.terms(of: id, at: now).terms } catch { throw .quote(error) }
    }

    /// From now on, or from its beginning on, the stream pays what was quoted at most, and goes to nobody dearer.
    func accept(_ id: String, for name: String, at now: Int64) throws(AcceptProblem) -> GivenQuote {
        guard let stream = StreamID(name) else { throw .name(name) }
        let quote = try quote(id, at: now)
        let hasRoom = state.withLock { state in
            guard state.accepted.count < Self.mostAccepted else { return false }
            state.accepted[stream] = quote
            state.ended[stream] = nil
            return true
        }
        guard hasRoom else { throw .tooMany }
        honour(stream)
        return quote
    }

    func opened(_ stream: StreamID) {
        state.withLock { $0.ended[stream] = nil }
        honour(stream)
    }

    /// Less than any price, where a ceiling of 0 would be none.
    private static let leastCeiling = 1e-12

    /// Sets the stream's ceiling to what it was promised, and to that of transcoding; what the node and its tenant promise holds too.
    private func honour(_ stream: StreamID) {
        let now = Self.now
        let (quoted, general) = state.withLock { state in
            let ceilings = settings.ceilings(node: nil, ordered: state.ordered, state.rates, at: now)
            return (state.accepted[stream]?.ceiling, ceilings.ceiling(pipeline: OfferedCapability.transcode, model: nil, tenant: nil))
        }
        let new = [quoted, general].compactMap(\.self).map { max($0, Self.leastCeiling) }
        guard !new.isEmpty, levels.owner(of: stream) != nil,
            let ceiling = (new + [levels.level(of: stream).maxPrice].compactMap(\.self)).min(),
            let change = try? ServiceLevelChange(["maxPricePerPixelWei": ceiling])
        else { return }
        if levels.change(stream: stream, change) { hands.levelChanged(stream) }
    }

    func ended(_ stream: StreamID) { state.withLock { $0.ended[stream] = Self.now } }

    /// Streams that ended a while ago, and quotes accepted for streams that never came.
    func forgetEnded() {
        let now = Self.now
        let waiting = state.withLock { state in
            for (stream, at) in state.ended where now - at > Self.settling {
                state.ended[stream] = nil
                state.accepted[stream] = nil
                state.guardian.ended(stream)
            }
            return state.accepted.filter { now > $0.value.until }.map(\.key)
        }
        let unused = waiting.filter { levels.owner(of: $0) == nil }
        guard !unused.isEmpty else { return }
        state.withLock { state in
            for stream in unused where state.ended[stream] == nil { state.accepted[stream] = nil }
        }
    }
}
