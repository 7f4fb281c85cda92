import NIOCore
import Testing

@testable import SluiceWire

/// A channel, stepped on a clock of the test's own.
struct TrickleChannelBench {
    var now = ContinuousClock.now
    var channel: TrickleChannel

    init(_ adjust: (inout TrickleLimits) -> Void = { _ in }) {
        var limits = TrickleLimits()
        adjust(&limits)
        channel = TrickleChannel(contentType: "video/MP2T", limits: limits, at: now)
    }

    mutating func open(_ sequence: Int64?, resets: Bool = false) throws -> TrickleSegmentID {
        guard case .segment(let id) = channel.open(sequence, resets: resets, at: now) else { throw Unexpected() }
        return id
    }

    @discardableResult mutating func append(_ text: String, to id: TrickleSegmentID) -> TrickleAppend {
        channel.append(ByteBuffer(string: text), to: id, at: now)
    }

    /// A whole segment.
    mutating func publish(_ sequence: Int64?, _ text: String, resets: Bool = false) throws {
        let id = try open(sequence, resets: resets)
        if !text.isEmpty { append(text, to: id) }
        _ = channel.finish(id, at: now)
    }

    mutating func subscribe(_ index: TrickleIndex) throws -> (reader: TrickleReaderID, id: TrickleSegmentID, latest: Int64?) {
        guard case .reader(let reader, let id, let latest) = channel.subscribe(to: index) else { throw Unexpected() }
        return (reader, id, latest)
    }

    /// All that the reader can have now.
    mutating func read(_ reader: TrickleReaderID) -> (text: String, next: TrickleReading.Next) {
        var text = ""
        while true {
            let reading = channel.read(reader, upTo: 4)
            text += reading.pieces.map { String(buffer: $0) }.joined()
            if reading.next != .more { return (text, reading.next) }
        }
    }

    mutating func end(of reader: TrickleReaderID) throws -> TrickleEnd {
        guard case .ended(let end) = read(reader).next else { throw Unexpected() }
        return end
    }

    mutating func wait(_ time: Duration) { now = now.advanced(by: time) }

    struct Unexpected: Error {}
}
