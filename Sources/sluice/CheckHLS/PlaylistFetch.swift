import HTTPTypes
import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire

/// Fetches what playlists name, from one server or several.
actor PlaylistFetch {
    /// A playlist of a day in parts stays below.
    static let longestPlaylist = 8 << 20
    /// Beyond three target durations a server has given up; target durations beyond ten seconds are not for live streams.
    static let patience = Duration.seconds(40)

    struct Answer: Sendable {
        let fetched: HTTPFetched
        let seconds: Double
        let isSecure: Bool

        var text: String { String(buffer: fetched.body) }
        var bytes: [UInt8] { Array(fetched.body.readableBytesView) }

        var facts: AnswerRules.Answer {
            var headers: [String: String] = [:]
            for field in fetched.headers { headers[field.name.canonicalName] = field.value }
            return .init(
                status: fetched.status, headers: headers, isHTTP2: fetched.isHTTP2, isSecure: isSecure,
                length: fetched.body.readableBytes)
        }
    }

    private var fetchers: [HTTPAuthority: HTTPFetcher] = [:]

    func get(_ address: WebAddress, headers: HTTPFields = [:], limit: Int = 64 << 20) async throws -> Answer {
        let fetcher = try fetchers[address.authority] ?? HTTPFetcher(address.authority, group: MultiThreadedEventLoopGroup.singleton)
        fetchers[address.authority] = fetcher
        let began = ContinuousClock.now
        let fetched = try await fetcher.get(address.path, headers: headers, limit: limit, timeout: Self.patience)
        return Answer(fetched: fetched, seconds: (ContinuousClock.now - began).inSeconds, isSecure: address.authority.isSecure)
    }

    func close() async {
        for fetcher in fetchers.values { await fetcher.close() }
        fetchers = [:]
    }
}
