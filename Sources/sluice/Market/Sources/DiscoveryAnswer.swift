import Foundation
import SluiceMarket
import SluiceNetwork
import SluiceTypes

/// Lists of orchestrators as others give them: the discovery webhook's `[{"address","score"}]` (specs/gateway-surface §12.1), the remote
/// signer's, which is a superset (specs/payments §9), and an orchestrator's own `/discovery` (specs/byoc §13.1).
///
/// An entry that is no good is left out and said; the list is not thrown away for it.
struct DiscoveryAnswer: Sendable {
    /// Entries taken from one answer.
    static let mostEntries = 20_000

    private(set) var listings: [OrchestratorListing] = []
    /// What was wrong, of the first few entries.
    private(set) var complaints: [String] = []
    private(set) var leftOut = 0

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    init(_ body: Data) throws(Unreadable) {
        let json: Any
        do { json = try JSONSerialization.jsonObject(with: body) } catch {
            let start = String(decoding: body.prefix(60), as: UTF8.self).replacingOccurrences(of: "\n", with: " ")
            throw Unreadable(
                description: "the answer is no JSON but begins with '\(start)'; [{\"address\": \"https://host:8935\"}] is right")
        }
        guard let entries = json as? [Any] else {
            throw Unreadable(description: "the answer is no JSON list; [{\"address\": \"https://host:8935\", \"score\": 1}] is right")
        }
        for (place, entry) in entries.prefix(Self.mostEntries).enumerated() {
            do { listings.append(try Self.listing(entry)) } catch { complain("entry \(place): \(error.description)") }
        }
        leftOut += max(0, entries.count - Self.mostEntries)
        listings = Self.joined(listings)
    }

    private mutating func complain(_ text: String) {
        leftOut += 1
        if complaints.count < 5 { complaints.append(text) }
    }

    private static func listing(_ entry: Any) throws(Unreadable) -> OrchestratorListing {
        guard let object = entry as? [String: Any] else { throw Unreadable(description: "is no object") }
        guard let address = object["address"] as? String, !address.isEmpty else { throw Unreadable(description: "has no address") }
        guard address.utf8.count <= OfferedCapability.longestName, address.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Unreadable(description: "has the address '\(address.prefix(60))'; https://host:8935 is right")
        }
        let id: OrchestratorID
        do { id = OrchestratorID(try OrchestratorAddress(address).description) } catch {
            throw Unreadable(description: "\(error)")
        }
        var listing = OrchestratorListing(id: id)
        if let score = object["score"] {
            // Above 0 is a weight of trust, whatever the reference does with fractions (specs/gateway-surface §12.1).
            guard let number = score as? NSNumber, number.doubleValue.isFinite, number.doubleValue >= 0 else {
                throw Unreadable(description: "of \(address) has the score \(score); a number from 0 on is right")
            }
            listing.trust = min(number.doubleValue, 1)
        }
        for capability in object["capabilities"] as? [Any] ?? [] {
            guard let name = capability as? String, let offered = offered(named: name) else { continue }
            listing.offers.append(offered)
        }
        for runner in object["runners"] as? [Any] ?? [] {
            if let object = runner as? [String: Any], let offered = try offered(of: object, at: address) { listing.add(offered) }
        }
        return listing
    }

    private static func offered(named name: String) -> OfferedCapability? {
        guard !name.isEmpty, name.utf8.count <= OfferedCapability.longestName else { return nil }
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        return OfferedCapability(pipeline: parts[0], model: parts.count == 2 ? ModelName(parts[1]) : nil)
    }

    private static func offered(of runner: [String: Any], at address: String) throws(Unreadable) -> OfferedCapability? {
        guard let app = runner["app"] as? String, var offered = offered(named: app) else { return nil }
        if let version = runner["version"] as? String, !version.isEmpty { offered.model?.version = version }
        if let total = runner["capacity"] as? Int {
            offered.headroom = Headroom(free: runner["capacity_available"] as? Int ?? 0, total: total)
        }
        if let price = runner["price_info"] as? [String: Any] {
            offered.unit = (price["unit"] as? String).flatMap(unit) ?? .second
            guard let currency = (price["currency"] as? String ?? "wei").nonEmpty, currency.lowercased() == "wei" else {
                throw Unreadable(description: "of \(address) asks for \(app) in \(price["currency"] ?? "nothing"); wei is right here")
            }
            guard let number = price["price"] as? NSNumber, number.doubleValue.isFinite, number.doubleValue >= 0,
                number.doubleValue <= Double(Int64.max / 2)
            else {
                throw Unreadable(
                    description: "of \(address) asks \(price["price"] ?? "nothing") wei for \(app); a number from 0 on is right")
            }
            offered.price = Price(wei: number.doubleValue)
        }
        return offered
    }

    /// The units of live runners (specs/payments §7.2).
    private static func unit(_ text: String) -> WorkUnit? {
        switch text {
        case "seconds", "second": .second
        case "fixed": .job
        case "pixels", "pixel": .pixel
        default: nil
        }
    }

    /// Of one that stands twice the offers are put together.
    private static func joined(_ listings: [OrchestratorListing]) -> [OrchestratorListing] {
        var order: [OrchestratorID] = []
        var byID: [OrchestratorID: OrchestratorListing] = [:]
        for listing in listings {
            guard var known = byID[listing.id] else {
                order.append(listing.id)
                byID[listing.id] = listing
                continue
            }
            for offered in listing.offers { known.add(offered) }
            known.trust = known.trust ?? listing.trust
            byID[listing.id] = known
        }
        return order.compactMap { byID[$0] }
    }
}

extension OrchestratorListing {
    /// Several runners of one app are one offer with the room of all; the cheapest price counts.
    fileprivate mutating func add(_ offered: OfferedCapability) {
        guard let place = offers.firstIndex(where: { $0.pipeline == offered.pipeline && $0.model?.name == offered.model?.name }) else {
            offers.append(offered)
            return
        }
        if let price = offered.price, offers[place].price.map({ price.weiPerPixel < $0.weiPerPixel }) ?? true {
            offers[place].price = price
            offers[place].unit = offered.unit
        }
        if let more = offered.headroom {
            let known = offers[place].headroom ?? Headroom(free: 0, total: 0)
            offers[place].headroom = Headroom(free: known.free + more.free, total: known.total + more.total)
        }
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
