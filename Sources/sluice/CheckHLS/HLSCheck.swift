import SluiceNetwork
import SluiceTypes
import SluiceWire

/// Checks a live stream while following it as a player does.
struct HLSCheck: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let address: WebAddress
    let length: Duration
    let findings: FindingList

    /// - Returns: the addresses of the media playlists that were followed.
    func run() async throws -> [WebAddress] {
        let fetch = PlaylistFetch()
        let first = try await fetch.get(address, limit: PlaylistFetch.longestPlaylist)
        guard first.fetched.status == 200 else { throw Failed(description: "\(address) was answered with \(first.fetched.status)") }
        let renditions: [WebAddress]
        if MultivariantReader.recognizes(first.text) {
            let playlist = MultivariantReader(first.text)
            findings.add(VariantRules.check(playlist), at: address.path)
            renditions = try playlist.variants.map { try address.resolving($0.uri) }
            guard !renditions.isEmpty else { throw Failed(description: "\(address) names no renditions") }
        } else {
            renditions = [address]
        }
        let end = ContinuousClock.now + length
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for rendition in renditions {
                let others = renditions.filter { $0 != rendition }
                tasks.addTask {
                    let check = RenditionCheck(rendition, others: others, master: renditions[0], fetch: fetch, findings: findings)
                    try await check.run(until: end)
                }
            }
            try await tasks.waitForAll()
        }
        await fetch.close()
        return renditions
    }
}
