import SluiceNetwork
import SluiceWire

/// How it stands with all channels, as JSON.
struct TrickleReport: Encodable {
    struct Channel: Encodable {
        var name: String
        var contentType: String
        var nextWrite: Int64
        var segments: Int
        var bytesHeld: Int
        var bytesIn: Int
        var bytesOut: Int
        var publishers: Int
        var readers: Int
        /// Bytes that the slowest reader has not had.
        var largestLag: Int
        var readersCut: Int
        /// First byte in to first byte out, over the readers who waited.
        var firstByteMeanMs: Double?
        var firstByteLongestMs: Double?
        var idleSeconds: Double
    }

    var bytesHeld: Int
    var channels: [Channel]

    init(_ table: TrickleTable) {
        bytesHeld = table.bytesHeld
        channels = table.statuses.map { name, status, delays in
            Channel(
                name: name, contentType: status.contentType, nextWrite: status.nextWrite, segments: status.segments,
                bytesHeld: status.bytesHeld, bytesIn: status.counts.bytesIn, bytesOut: status.counts.bytesOut,
                publishers: status.writers, readers: status.readers, largestLag: status.largestLag, readersCut: status.counts.lagged,
                firstByteMeanMs: delays.count > 0 ? delays.total / .milliseconds(delays.count) : nil,
                firstByteLongestMs: delays.count > 0 ? delays.longest / .milliseconds(1) : nil,
                idleSeconds: status.lastWrite.duration(to: .now) / .seconds(1))
        }
    }
}
