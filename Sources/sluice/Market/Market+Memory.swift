import Foundation
import Logging
import SluiceMarket
import SluiceRegistry
import SluiceTypes
import Synchronization

/// What is kept over a restart.
extension Market {
    /// Takes what an earlier run has learned. What cannot be read is said and left out: nobody's work waits for it.
    func restore() async {
        guard let registry else { return }
        do {
            // First: whoever has spent his money is not to get more meanwhile.
            let today = Self.now - Self.now % 86_400
            hands.restored(try await registry.usage(UsageFilter(from: today, groups: [.tenant])))
            let remembered = try await registry.offers()
            let listings = OfferReading.listings(remembered)
            update(listings, from: .remembered)
            let since = Self.now - settings.formula.window
            let hours = try await registry.history(since: since - since % PerformanceHistory.hour, width: PerformanceHistory.hour)
            let day = Self.now - Self.now % PerformanceHistory.day
            let days = try await registry.history(since: day, width: PerformanceHistory.day)
            take(hours, days)
            rank()
            logger.info("registry read", metadata: ["offers": "\(remembered.count)", "hours of history": "\(hours.count)"])
        } catch { logger.error("registry not read", metadata: ["reason": "\(error)"]) }
    }

    private func take(_ hours: [HistoryRecord], _ days: [HistoryRecord]) {
        func key(_ record: HistoryRecord) -> Offer.Key {
            Offer.Key(OrchestratorID(record.orchestrator), record.pipeline, record.model.isEmpty ? nil : record.model)
        }
        func spans(_ records: [HistoryRecord]) -> [Offer.Key: [PerformanceHistory.Span]] {
            Dictionary(grouping: records, by: key).mapValues { records in
                records.compactMap { record in PerformanceTally(bytes: record.tally).map { .init(start: record.start, tally: $0) } }
            }
        }
        let (byHour, byDay) = (spans(hours), spans(days))
        state.withLock { state in
            for key in Set(byHour.keys).union(byDay.keys) {
                state.book.restore(key, hours: byHour[key] ?? [], days: byDay[key] ?? [])
            }
        }
    }

    /// Books older than a week are kept by the day, and older than a quarter without the names of streams.
    func rollBooksUp() async {
        do { try await registry?.rollUp(before: Self.now - Self.hoursKept, namesBefore: Self.now - Self.namesKept) } catch {
            logger.error("books not rolled up", metadata: ["reason": "\(error)"])
        }
    }

    /// Puts what is new on the disk. What fails is tried again the next time.
    func save() async {
        guard let registry else {
            // There is no disk that it would be kept for.
            return state.withLock { state in
                state.unsaved = []
                _ = state.book.takeChanged()
            }
        }
        let now = Self.now
        let (offers, changed) = state.withLock { state in
            defer { state.unsaved = [] }
            return (
                state.unsaved.compactMap { key in state.catalog[key].map { ($0, state.catalog.json(of: key) ?? []) } },
                state.book.takeChanged()
            )
        }
        let records = offers.filter { $0.0.orchestrator != .embedded }.map { offer, json in
            OfferRecord(
                orchestrator: offer.orchestrator.rawValue, pipeline: offer.offered.pipeline, model: offer.offered.model?.name ?? "",
                body: json, seen: now, price: offer.offered.price, unit: offer.offered.unit)
        }
        var spans: [HistoryRecord] = []
        for (key, hours, days) in changed {
            func put(_ list: [PerformanceHistory.Span], _ width: Int64) {
                for span in list {
                    spans.append(
                        HistoryRecord(
                            orchestrator: key.orchestrator.rawValue, pipeline: key.pipeline, model: key.model ?? "", width: width,
                            start: span.start, tally: span.tally.bytes))
                }
            }
            put(hours, PerformanceHistory.hour)
            put(days, PerformanceHistory.day)
        }
        do {
            try await registry.remember(records)
            try await registry.remember(spans, at: now)
        } catch {
            logger.error("registry not written", metadata: ["reason": "\(error)"])
            state.withLock { state in
                state.unsaved.formUnion(offers.map(\.0.key))
                state.book.markChanged(changed.map(\.key))
            }
        }
    }
}
