package import NIOCore
package import SluiceTypes

/// Reads the frames of a streamed segment's answer, and trusts none of them.
package struct StreamedSegmentReader: Sendable {
    private struct Rendition {
        var size = 0
        var hash = Keccak256()
        var isComplete = false
    }

    private let limit: Int
    private var renditions: [Rendition]
    /// What came of a frame that is not whole yet: never more than one frame and what one read brings.
    private var pending = ByteBuffer()
    private var isFinished = false

    /// - Parameters:
    ///   - renditions: as many as were asked for.
    ///   - limit: bytes of each.
    package init(renditions: Int, limit: Int = StreamedSegmentFrame.longestRendition) {
        self.limit = limit
        self.renditions = Array(repeating: Rendition(), count: renditions)
    }

    /// - Returns: what the bytes complete, in order; `finished` is the last there will be.
    /// - Throws: `protocolViolation`, or the failure that the peer tells of. The reader is spent then.
    package mutating func read(_ bytes: ByteBuffer) throws(SegmentFailure) -> [SegmentEvent] {
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeImmutableBuffer(bytes) }
        var events: [SegmentEvent] = []
        while let event = try next() { events.append(event) }
        // The bytes of earlier frames were given out as slices; what is left over moves on alone.
        if pending.readableBytes == 0 { pending = ByteBuffer() } else if pending.readerIndex > 0 { pending = ByteBuffer(buffer: pending) }
        return events
    }

    /// The body has ended.
    package func end() throws(SegmentFailure) {
        guard !isFinished else { return }
        if pending.readableBytes > 0 { throw Self.violation("the answer ends within a frame") }
        throw Self.violation("the answer ends without saying that it is finished")
    }

    private mutating func next() throws(SegmentFailure) -> SegmentEvent? {
        var rest = pending
        guard let code: UInt8 = rest.readInteger(), let place: UInt8 = rest.readInteger(), let size: UInt32 = rest.readInteger()
        else {
            if isFinished, pending.readableBytes > 0 { throw Self.violation("bytes behind the end") }
            return nil
        }
        if isFinished { throw Self.violation("bytes behind the end") }
        guard let kind = StreamedSegmentFrame.Kind(rawValue: code) else { throw Self.violation("a frame of kind \(code)") }
        let index = Int(place)
        let length = Int(size)
        // Before its payload is waited for: nobody is to fill memory with a frame that is wrong anyhow.
        try check(kind, index, length)
        guard let payload = rest.readSlice(length: length) else { return nil }
        pending = rest
        switch kind {
        case .bytes:
            renditions[index].size += length
            renditions[index].hash.update(payload)
            return .renditionBytes(rendition: index, payload)
        case .renditionEnd: return try complete(index, payload)
        case .finished:
            if let open = renditions.firstIndex(where: { !$0.isComplete }) {
                throw Self.violation("finished, but rendition \(open) has no end")
            }
            isFinished = true
            return .finished
        case .failure: throw TranscodeFailureText.failure(String(buffer: payload))
        }
    }

    private func check(_ kind: StreamedSegmentFrame.Kind, _ index: Int, _ length: Int) throws(SegmentFailure) {
        let allowed: ClosedRange<Int> =
            switch kind {
            case .bytes: 1...StreamedSegmentFrame.longestBytes
            case .renditionEnd: StreamedSegmentFrame.endSize...StreamedSegmentFrame.endSize
            case .finished: 0...0
            case .failure: 0...StreamedSegmentFrame.longestFailure
            }
        guard allowed.contains(length) else { throw Self.violation("a frame '\(kind)' of \(length) bytes") }
        guard kind == .bytes || kind == .renditionEnd else { return }
        guard renditions.indices.contains(index) else {
            throw Self.violation("rendition \(index), where \(renditions.count) were asked for")
        }
        guard !renditions[index].isComplete else { throw Self.violation("rendition \(index) goes on behind its end") }
        if kind == .bytes, length > limit - renditions[index].size {
            throw Self.violation("rendition \(index) is over \(limit) bytes")
        }
    }

    private mutating func complete(_ index: Int, _ payload: ByteBuffer) throws(SegmentFailure) -> SegmentEvent {
        var payload = payload
        guard let hash = payload.readBytes(length: 32), let pixels: UInt64 = payload.readInteger() else {
            throw Self.violation("a frame 'renditionEnd' of \(payload.readableBytes) bytes")
        }
        guard renditions[index].size >= StreamedSegmentFrame.shortestRendition else {
            throw Self.violation("rendition \(index): \(renditions[index].size) bytes are no segment")
        }
        guard hash == renditions[index].hash.finalize() else {
            throw SegmentFailure(.protocolViolation, "rendition \(index) has not the hash it should", castsDoubt: true)
        }
        renditions[index].isComplete = true
        return .renditionComplete(rendition: index, facts: RenditionFacts(pixels: Int64(clamping: pixels)))
    }

    private static func violation(_ text: String) -> SegmentFailure { SegmentFailure(.protocolViolation, text) }
}
