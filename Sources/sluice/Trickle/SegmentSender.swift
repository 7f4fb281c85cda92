import NIOCore
import SluiceTypes
import SluiceWire

/// Where what is published is cut.
struct TrickleCutting {
    var lines: Bool
    var every: Duration
    var mostBytes: Int
}

/// Sends bytes to a channel, segment by segment.
struct SegmentSender {
    /// Segments whose answers are still out; the next goes on meanwhile.
    private static let mostUnanswered = 4
    /// A line over this is no message.
    private static let longestLine = 4 << 20

    private let publisher: any TricklePublisher

    init(_ publisher: any TricklePublisher) { self.publisher = publisher }

    func send(_ input: InputBytes, cut: TrickleCutting) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var line = Line(publisher: publisher)
            if cut.lines { try await sendLines(input, &line, &group) } else { try await sendStream(input, cut, &line, &group) }
            try await line.end(&group)
            try await group.waitForAll()
        }
    }

    private func sendStream(
        _ input: InputBytes, _ cut: TrickleCutting, _ line: inout Line, _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        var splitter: TransportStreamSplitter?
        var isFirst = true
        while let bytes = try await input.next() {
            if isFirst, TransportStreamSplitter.recognizes(bytes) { splitter = TransportStreamSplitter() }
            isFirst = false
            let parts = splitter?.consume(bytes) ?? [.init(bytes: bytes, beginsSegment: true)]
            for part in parts {
                let isDue = line.age >= cut.every || (splitter == nil && line.count + part.bytes.readableBytes > cut.mostBytes)
                if part.beginsSegment, isDue { try await line.end(&group) }
                try await line.write(part.bytes)
            }
        }
        if let left = splitter?.finish() { try await line.write(left) }
    }

    private func sendLines(
        _ input: InputBytes, _ line: inout Line, _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        var rest = ByteBuffer()
        while let bytes = try await input.next() {
            rest.writeImmutableBuffer(bytes)
            while let end = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let text = rest.readSlice(length: end - rest.readerIndex)
                rest.moveReaderIndex(forwardBy: 1)
                // A reader takes one piece for one message, so it goes out as one.
                if let text, text.readableBytes > 0 {
                    try await line.write(text)
                    try await line.end(&group)
                }
            }
            rest.discardReadBytes()
            guard rest.readableBytes <= Self.longestLine else {
                throw SettingsError("a line is over \(Self.longestLine) bytes; --lines is for messages, leave it out for a stream")
            }
        }
        try await line.write(rest)
    }

    /// The segment that is being written.
    private struct Line {
        let publisher: any TricklePublisher
        private var segment: TrickleOutgoing?
        private var begun = ContinuousClock.now
        private(set) var count = 0
        private var unanswered = 0

        init(publisher: any TricklePublisher) { self.publisher = publisher }

        var age: Duration { segment == nil ? .zero : begun.duration(to: .now) }

        mutating func write(_ bytes: ByteBuffer) async throws {
            guard bytes.readableBytes > 0 else { return }
            let segment: TrickleOutgoing
            if let open = self.segment {
                segment = open
            } else {
                segment = try await publisher.open()
                self.segment = segment
                begun = .now
            }
            count += bytes.readableBytes
            try await segment.write(bytes)
        }

        mutating func end(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
            guard let ended = segment else { return }
            (segment, count) = (nil, 0)
            if unanswered == SegmentSender.mostUnanswered {
                try await group.next()
                unanswered -= 1
            }
            group.addTask { try await ended.finish() }
            unanswered += 1
        }
    }
}
