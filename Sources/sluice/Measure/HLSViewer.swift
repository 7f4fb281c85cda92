import HTTPTypes
import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire

/// Plays one media playlist without showing it: with parts where the server has them, as a low-latency player does, else by segments.
struct HLSViewer: Sendable {
    /// Beyond three target durations a server has given up.
    private static let patience = Duration.seconds(40)
    private static let pauseAfterFailure = Duration.seconds(1)

    let address: WebAddress
    let tally: Tally
    let reading: FrameReading
    /// Called with each part's or segment's frames.
    var onFrames: @Sendable ([StampedFrame]) -> Void = { _ in }

    private struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// The media playlists that an address leads to: those of a multivariant playlist in their order, or itself.
    static func renditions(of address: WebAddress) async throws -> [WebAddress] {
        let fetcher = try HTTPFetcher(address.authority, group: MultiThreadedEventLoopGroup.singleton)
        let answer = try await fetcher.get(address.path, timeout: patience)
        await fetcher.close()
        guard answer.status == 200 else { throw Failed(description: "\(address) was answered with \(answer.status)") }
        let text = String(buffer: answer.body)
        guard MultivariantReader.recognizes(text) else { return [address] }
        return try MultivariantReader(text).variants.map { try address.resolving($0.uri) }
    }

    /// Until the stream ends or the task is cancelled.
    func run() async {
        do {
            let fetcher = try HTTPFetcher(address.authority, group: MultiThreadedEventLoopGroup.singleton)
            while !Task.isCancelled {
                do {
                    try await play(fetcher)
                    break
                } catch is CancellationError {
                    break
                } catch {
                    if !Task.isCancelled { tally.countFailure("\(error)") }
                    try? await Task.sleep(for: Self.pauseAfterFailure)
                }
            }
            await fetcher.close()
        } catch {
            tally.countFailure("\(error)")
        }
    }

    private func play(_ fetcher: HTTPFetcher) async throws {
        var playlist = try await read(fetcher, "")
        var next = playlist.openSequence
        while !playlist.isEnded {
            try Task.checkCancellation()
            if playlist.hasParts, playlist.serverControl?.canBlockReload == true {
                playlist = try await partAndReload(playlist, fetcher)
                next = playlist.openSequence
            } else {
                for sequence in max(next, playlist.firstSequence)..<max(next, playlist.openSequence) {
                    if let entry = playlist.entry(sequence), !entry.isGap { try await load(entry.uri, map: entry.map, fetcher) }
                }
                next = playlist.openSequence
                // As players do: what has just changed changes again after a target duration; they ask twice as often.
                try await Task.sleep(for: .seconds(max(0.1, Double(playlist.targetDuration) / 2)))
                playlist = try await read(fetcher, "")
            }
        }
    }

    /// The hinted part and the playlist that lists it, asked for together. A delta update serves: the edge is all that is looked at.
    private func partAndReload(_ playlist: PlaylistReader, _ fetcher: HTTPFetcher) async throws -> PlaylistReader {
        let wish = playlist.nextPart
        let map = playlist.entries.last?.map
        let skips = playlist.serverControl?.canSkipUntil == nil ? "" : "&_HLS_skip=YES"
        let query = "_HLS_msn=\(wish.sequence)&_HLS_part=\(wish.part)\(skips)"
        guard let hint = playlist.hints.first(where: { $0.kind == "PART" }) else { return try await read(fetcher, query) }
        async let reloaded = read(fetcher, query)
        async let loaded: Void = load(hint.uri, map: map, fetcher)
        var next = try await reloaded
        do { try await loaded } catch {
            // A hint that a discontinuity made void is no failure of the stream.
            guard next.openStartsDiscontinuity || next.isEnded else { throw error }
        }
        // A delta update may leave the map out.
        if next.entries.last?.map == nil, let map {
            for index in next.entries.indices where next.entries[index].map == nil { next.fill(map, at: index) }
        }
        return next
    }

    private func read(_ fetcher: HTTPFetcher, _ query: String) async throws -> PlaylistReader {
        let place = query.isEmpty ? address : address.asking(query)
        let answer = try await fetcher.get(place.path, timeout: Self.patience)
        tally.countRequest(bytes: answer.body.readableBytes)
        guard answer.status == 200 else { throw Failed(description: "\(place) was answered with \(answer.status)") }
        return reading.playlist(answer.body)
    }

    private func load(_ uri: String, map: PlaylistReader.Map?, _ fetcher: HTTPFetcher) async throws {
        var initialization: String?
        if let map {
            let place = try address.resolving(map.uri)
            initialization = place.path
            if !reading.knows(initialization: place.path) {
                let answer = try await fetcher.get(place.path, timeout: Self.patience)
                reading.add(initialization: answer.body, address: place.path)
            }
        }
        let place = try address.resolving(uri)
        let answer = try await fetcher.get(place.path, timeout: Self.patience)
        tally.countRequest(bytes: answer.body.readableBytes)
        guard answer.status == 200 else { throw Failed(description: "\(place) was answered with \(answer.status)") }
        let frames = reading.frames(of: answer.body, address: place.path, initialization: initialization)
        onFrames(frames)
        tally.add(frames, arrival: answer.arrival)
    }
}
