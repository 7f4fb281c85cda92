import Logging
import SluiceMarket
import SluiceRouting
import SluiceSimulation
import SluiceTypes
import Synchronization

extension Market {
    /// Counts what came of a segment, and books what is owed for it.
    func learn(_ settled: Settled) {
        let now = Self.now
        let decision = settled.decision
        let tenant = levels.owner(of: decision.stream)
        let bookings = state.withLock { state in
            let known = state.servers.served(decision.stream, by: decision.choice, tenant: tenant)
            let told = DecisionOutcomes(decision, duration: settled.facts.duration, previous: known.previous)
            for one in told.outcomes {
                state.book.add(one.outcome, of: Offer.Key(one.orchestrator, OfferedCapability.transcode), at: now)
            }
            state.book.add(told.segment)
            let quote = state.accepted[decision.stream]
            return Self.bookings(settled, tenant: known.tenant, quote: quote, at: now)
        }
        lane?.offer(bookings)
        hands.booked(bookings)
        guardPrices(settled)
    }

    /// What was found of a rendition's pictures.
    func learn(_ sample: PictureSample, of orchestrator: OrchestratorID) {
        let now = Self.now
        state.withLock { $0.book.add(sample, of: Offer.Key(orchestrator, OfferedCapability.transcode), at: now) }
    }

    /// Of what was asked for: where nobody says how many frames there are, that is guessed. What is told beyond is owed to nobody.
    private static let mostTold = 4.0

    /// What came back is owed for: pixels as their maker tells them, within reason, at the price that was posted, or quoted where that is less
    /// (specs/transcoding-protocol §4.5). What was broken off brought nothing and costs nothing.
    private static func bookings(_ settled: Settled, tenant: String, quote: GivenQuote?, at now: Int64) -> [Booking] {
        settled.decision.attempts.compactMap { attempt in
            guard attempt.pixels > 0 else { return nil }
            switch attempt.result {
            case .won, .finished: break
            case .running, .aborted, .failed: return nil
            }
            let posted = settled.prices[attempt.orchestrator]
            let quoted = quote?.prices[attempt.orchestrator]
            let price = [posted, quoted].compactMap(\.self).min { $0.weiPerPixel < $1.weiPerPixel }
            let most = attempt.pixelsAsked * mostTold
            return Booking(
                tenant: tenant, stream: settled.decision.stream.rawValue, orchestrator: attempt.orchestrator.rawValue,
                capability: OfferedCapability.transcode, kind: BookingKind(attempt.role), unit: .pixel,
                units: most > 0 && most < Double(attempt.pixels) ? Int64(most) : attempt.pixels,
                milliseconds: Int64((settled.facts.duration * 1000).rounded()), price: price, at: now)
        }
    }

    /// A session whose price has risen too far is left: this stream goes there no more.
    private func guardPrices(_ settled: Settled) {
        let stream = settled.decision.stream
        let rises = state.withLock { state in
            settled.decision.attempts.compactMap { attempt -> PriceGuard.Rise? in
                guard let price = settled.prices[attempt.orchestrator] else { return nil }
                return state.guardian.check(price.weiPerPixel, at: attempt.orchestrator, for: stream)
            }
        }
        for rise in rises where hands.bar(rise.orchestrator, stream) {
            logger.warning("price guard", metadata: ["stream": "\(stream)", "reason": "\(rise)"])
        }
    }
}

/// Who served a stream last, and whose it is: asked for a while after its end too, as its last segments settle then.
struct StreamMemory: Sendable {
    /// Live ones and those that ended a moment ago.
    private static let most = 20_000

    private struct Entry {
        var server: OrchestratorID?
        var tenant: String
        var used: Int
    }

    private var entries: [StreamID: Entry] = [:]
    private var uses = 0

    func tenant(of stream: StreamID) -> String { entries[stream]?.tenant ?? "" }

    /// - Parameter tenant: as far as it is known now; `nil` for a stream that is not open, whose last one is taken then.
    /// - Returns: who served it before, and whose it is.
    mutating func served(_ stream: StreamID, by server: OrchestratorID?, tenant: String?) -> (previous: OrchestratorID?, tenant: String) {
        uses += 1
        let known = entries[stream]
        let owner = tenant ?? known?.tenant ?? ""
        entries[stream] = Entry(server: server ?? known?.server, tenant: owner, used: uses)
        if entries.count > Self.most {
            // Half of them at once, so that this is seldom.
            let limit = uses - Self.most / 2
            entries = entries.filter { $0.value.used > limit }
        }
        return (known?.server, owner)
    }
}
