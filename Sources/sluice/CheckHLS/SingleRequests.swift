import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceTypes
import SluiceWire

/// Requests that need sending only once to a playlist: bad ones, ranges, and what is not there.
struct SingleRequests {
    let check: RenditionCheck
    let playlist: PlaylistReader

    func run() async {
        let address = check.address
        if playlist.hasParts, playlist.serverControl?.canBlockReload == true {
            for request in ReloadRules.BadRequest.allCases {
                let query = request.query(edge: playlist.nextPart)
                let answer = try? await check.fetch.get(address.asking(query))
                await check.add(request.check(status: answer?.fetched.status, query: query))
            }
        }
        guard let entry = playlist.entries.last(where: { !$0.isGap && $0.range == nil }), let place = try? address.resolving(entry.uri),
            let whole = try? await check.fetch.get(place)
        else { return }
        await check.add(AnswerRules.media(whole.facts, name: entry.uri, targetDuration: playlist.targetDuration))
        let size = whole.fetched.body.readableBytes
        guard whole.fetched.status == 200, size > 200 else { return }
        if let part = try? await check.fetch.get(place, headers: [.range: "bytes=100-199"]) {
            await check.add(AnswerRules.range(part.facts, first: 100, last: 199, size: size, name: entry.uri))
        }
        if let outside = try? await check.fetch.get(place, headers: [.range: "bytes=\(size)-"]) {
            await check.add(AnswerRules.outside(outside.facts, name: entry.uri))
        }
        if let missing = try? await check.fetch.get(missing(beside: place, entry.uri, address)) {
            await check.add(AnswerRules.missing(missing.facts, targetDuration: playlist.targetDuration))
        }
    }

    /// A name of the same make with a number that cannot have been given.
    private func missing(beside place: WebAddress, _ uri: String, _ address: WebAddress) throws -> WebAddress {
        let end = uri.lastIndex(of: ".") ?? uri.endIndex
        let digits = uri[..<end].split(whereSeparator: { !$0.isNumber }).last ?? ""
        guard !digits.isEmpty else { return try address.resolving(uri + ".none") }
        return try address.resolving(uri.replacingCharacters(in: digits.startIndex..<digits.endIndex, with: "999999999999"))
    }
}
