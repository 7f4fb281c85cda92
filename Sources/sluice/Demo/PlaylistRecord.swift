import NIOCore
import SluiceTypes
import SluiceWire

/// Every entry ever seen in a stream's media playlists, so that a window that moves on can still be checked as a whole.
struct PlaylistRecord {
    private struct Seen {
        var numbers: [Int64] = []
        var gaps: Set<Int64> = []
        var bytes = 0
        var seconds = 0.0
        var isEnded = false
    }

    private var seen: [String: Seen] = [:]

    mutating func look(at source: any DeliverySource, stream: StreamID, renditions: [String]) throws {
        for rendition in renditions {
            guard case .found(let text) = source.mediaPlaylist(of: stream, rendition: rendition) else { continue }
            let playlist = try PlaylistReader.read(String(buffer: text))
            var record = seen[rendition] ?? Seen()
            record.isEnded = playlist.isEnded
            for (offset, entry) in playlist.entries.enumerated() {
                let number = playlist.mediaSequence + Int64(offset)
                guard number > record.numbers.last ?? -1 else { continue }
                record.numbers.append(number)
                record.seconds += entry.duration
                if entry.isGap { record.gaps.insert(number) }
                if case .found(let bytes) = source.segment(
                    of: stream, rendition: rendition, number: number, container: .mpegTS)
                {
                    record.bytes += bytes.readableBytes
                } else {
                    record.gaps.insert(number)
                }
            }
            seen[rendition] = record
        }
    }

    func hasEnded(_ renditions: [String]) -> Bool {
        renditions.allSatisfy { seen[$0]?.isEnded == true }
    }

    func check(renditions: [String], atLeast least: Int = 8) throws {
        for rendition in renditions {
            guard let record = seen[rendition], record.numbers.count >= least else {
                throw Demo.Failure(
                    description: "\(rendition): \(seen[rendition]?.numbers.count ?? 0) segments in 20 s, at least \(least) expected")
            }
            let first = record.numbers[0]
            guard record.numbers == Array(first..<first + Int64(record.numbers.count)), first == seen[renditions[0]]?.numbers.first else {
                throw Demo.Failure(description: "\(rendition): segments out of order or missing: \(record.numbers)")
            }
            guard record.gaps.isEmpty else { throw Demo.Failure(description: "\(rendition): gaps at \(record.gaps.sorted())") }
            guard record.isEnded else { throw Demo.Failure(description: "\(rendition): no end after the publisher had ended") }
            guard record.numbers.count == seen[renditions[0]]?.numbers.count else {
                throw Demo.Failure(description: "\(rendition): \(record.numbers.count) segments, the source has another number")
            }
        }
    }

    func summary(_ renditions: [String]) -> String {
        renditions.map { rendition in
            let record = seen[rendition] ?? Seen()
            return "\(rendition) \(record.numbers.count) segments, \(record.bytes / 1000) KB"
        }.joined(separator: "; ")
    }
}
