import Foundation
import HTTPTypes
import Logging
import NIOCore
import SluiceMarket
import SluiceNetwork
import SluiceTypes

/// Asks those who list orchestrators, and those who know rates, now and then. One that hangs, answers garbage or sends us elsewhere costs
/// its own time alone; what it said before holds until it speaks again.
struct SourcePoller: Sendable {
    /// Ten thousand entries are a megabyte; with their runners several.
    private static let largestAnswer = 16 << 20
    /// Of an orchestrator's own `/discovery` (specs/payments §9).
    private static let largestRunners = 1 << 20
    private static let callsAtOnce = 16

    let market: Market
    let settings: MarketSettings
    let group: any EventLoopGroup
    private var lookup: Lookup { Lookup(group: group) }

    /// Until it is cancelled.
    func run() async {
        await withDiscardingTaskGroup { tasks in
            if let webhook = settings.webhook { tasks.addTask { await poll(.webhook, webhook) } }
            if let signer = settings.signer { tasks.addTask { await poll(.signer, Self.signerAddress(signer)) } }
            if settings.runnerDiscovery == .on { tasks.addTask { await pollRunners() } }
            for peer in settings.peers { tasks.addTask { await poll(peer) } }
            if let source = settings.rates.source {
                tasks.addTask {
                    await RatePolling(source: source, group: group, logger: market.logger).run { market.take($0, from: "\(source)") }
                }
            }
        }
    }

    /// The signer's own address is enough.
    private static func signerAddress(_ address: WebAddress) -> WebAddress {
        address.path == "/" ? (try? address.resolving("discover-orchestrators")) ?? address : address
    }

    private func poll(_ source: OfferSource, _ address: WebAddress) async {
        while !Task.isCancelled {
            do {
                let answer = try DiscoveryAnswer(try await lookup.get(address, limit: Self.largestAnswer))
                market.update(
                    answer.listings, from: source, problem: answer.complaints.first.map { "\(answer.leftOut) entries left out; \($0)" })
                if answer.leftOut > 0 {
                    market.logger.warning(
                        "offer source",
                        metadata: ["source": "\(source.rawValue)", "left out": "\(answer.leftOut)", "reasons": "\(answer.complaints)"])
                }
            } catch { market.failed(source, "\(address): \(error)") }
            do { try await Task.sleep(for: .seconds(settings.sourceSeconds)) } catch { return }
        }
    }

    private func poll(_ peer: MarketSettings.Peer) async {
        let name = HTTPField.Name(SignedScores.signatureField)
        let address = peer.address.path == "/" ? (try? peer.address.resolving("marketplace/scores")) ?? peer.address : peer.address
        while !Task.isCancelled {
            do {
                let answer = try await lookup.answer(of: address, limit: Self.largestAnswer)
                try market.take(answer.body, signature: name.flatMap { answer.fields[$0] }, from: peer)
            } catch { market.logger.warning("peer's scores", metadata: ["peer": "\(peer.url)", "reason": "\(error)"]) }
            do { try await Task.sleep(for: .seconds(settings.sourceSeconds)) } catch { return }
        }
    }

    private func pollRunners() async {
        while !Task.isCancelled {
            let known = market.directory.entries.map(\.id).filter { $0 != .embedded }
            var listings: [OrchestratorListing] = []
            await withTaskGroup(of: [OrchestratorListing].self) { group in
                for (index, id) in known.enumerated() {
                    if index >= Self.callsAtOnce, let more = await group.next() { listings += more }
                    group.addTask { await runners(of: id) }
                }
                for await more in group { listings += more }
            }
            if Task.isCancelled { return }
            market.update(listings, from: .runners)
            do { try await Task.sleep(for: .seconds(settings.sourceSeconds)) } catch { return }
        }
    }

    /// Most have none (404); that is no complaint.
    private func runners(of id: OrchestratorID) async -> [OrchestratorListing] {
        guard let address = try? WebAddress(id.rawValue + "/discovery"),
            let body = try? await lookup.get(address, limit: Self.largestRunners, verifies: false),
            let answer = try? DiscoveryAnswer(body)
        else { return [] }
        // An orchestrator speaks for itself alone.
        return answer.listings.filter { $0.id == id && !$0.offers.isEmpty }
    }
}
