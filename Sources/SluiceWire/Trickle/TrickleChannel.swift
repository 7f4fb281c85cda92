package import NIOCore

/// One channel: its segments, who writes them and who reads them (specs/trickle-protocol).
///
/// Pure: the time comes in with each call; whose waiting is over is asked for afterwards with `takeStirred`. No number, and no order
/// of calls, brings it into a state that it cannot leave.
package struct TrickleChannel: Sendable {
    package typealias Instant = ContinuousClock.Instant

    struct Reader {
        var segment: TrickleSegmentID
        var offset = 0
        /// It was there before the segment's first byte.
        var waited: Bool
    }

    /// In the channel's life it has one; the first who tells it decides.
    package let contentType: String
    /// The number after the newest segment that has bytes, or was finished without.
    package private(set) var nextWrite: Int64 = 0
    package private(set) var isClosed = false
    package private(set) var cost = 0
    package private(set) var counts = TrickleCounts()
    package private(set) var lastWrite: Instant

    private let limits: TrickleLimits
    /// In the order of their numbers, each number once.
    private(set) var segments: [TrickleSegment] = []
    private(set) var readers: [TrickleReaderID: Reader] = [:]
    /// When bytes last came for a number that the reference would still know.
    private var edgeWrite: Instant
    private var births = 0
    private var readersMade = 0
    private var stirred: [TrickleSegmentID] = []

    package init(contentType: String, limits: TrickleLimits, at now: Instant) {
        self.contentType = contentType
        self.limits = limits
        self.lastWrite = now
        self.edgeWrite = now
    }

    /// Segments of which there is more to read, or an end, or which one who writes them no longer can, since the last call.
    package mutating func takeStirred() -> [TrickleSegmentID] {
        defer { stirred.removeAll(keepingCapacity: true) }
        return stirred
    }

    /// Nothing was written for the idle time.
    package func isIdle(at now: Instant) -> Bool { lastWrite.duration(to: now) >= limits.idleTime }

    // MARK: writing

    /// A publisher is there for a segment; its bytes may follow at any time, or never.
    ///
    /// - Parameter resets: every segment with a lower number is closed, as its publisher's earlier life is over.
    package mutating func open(_ sequence: Int64?, resets: Bool, at now: Instant) -> TrickleOpening {
        if isClosed { return .closed }
        // A number that was given up before it had a byte is used up all the same.
        while sequence == nil || sequence == nextWrite, let index = index(of: nextWrite), !segments[index].isOpen { nextWrite += 1 }
        let sequence = sequence ?? nextWrite
        if resets {
            for index in segments.indices where segments[index].sequence < sequence { end(index, .finished, at: now) }
        }
        // A number that the reference would have forgotten is that of a publisher who begins anew, unless one is still at the edge:
        // then it has been overtaken on its way.
        var beginsAnew = isPast(sequence) && edgeWrite.duration(to: now) >= limits.restartPause
        if let index = index(of: sequence) {
            if segments[index].isOpen {
                segments[index].writers += 1
                return .segment(segments[index].id)
            }
            beginsAnew = beginsAnew || resets
            guard beginsAnew else { return .finished(sequence: sequence) }
            remove(index)
        }
        var segment = make(sequence)
        segment.writers = 1
        segment.beginsAnew = beginsAnew
        insert(segment)
        evict(at: now)
        return .segment(segment.id)
    }

    package mutating func append(_ bytes: ByteBuffer, to id: TrickleSegmentID, at now: Instant) -> TrickleAppend {
        lastWrite = now
        guard let index = index(of: id), segments[index].isOpen else { return .late }
        guard segments[index].cost + TrickleSegment.cost(of: bytes) <= limits.mostSegmentBytes else {
            end(index, .cut(.tooLarge), at: now)
            return .tooLarge(limit: limits.mostSegmentBytes)
        }
        let place = segments[index].byteCount == 0 ? advance(index, at: now) : index
        segments[place].append(bytes, at: now)
        if !isPast(id.sequence) { edgeWrite = now }
        cost += TrickleSegment.cost(of: bytes)
        counts.bytesIn += bytes.readableBytes
        stirred.append(id)
        if cost > limits.mostChannelBytes { evict(at: now) }
        return .taken
    }

    /// The publisher came to the end of its segment.
    ///
    /// - Returns: whether the segment had bytes.
    package mutating func finish(_ id: TrickleSegmentID, at now: Instant) -> Bool {
        lastWrite = now
        guard var index = index(of: id) else { return true }
        segments[index].writers -= 1
        guard segments[index].byteCount == 0 else {
            end(index, .finished, at: now)
            return true
        }
        if segments[index].isOpen { index = advance(index, at: now) }
        end(index, .finished, at: now)
        return false
    }

    /// A publisher went away in the middle. What it began is cut; what it had only announced waits for who tries again.
    package mutating func abandon(_ id: TrickleSegmentID, at now: Instant) {
        guard let index = index(of: id) else { return }
        segments[index].writers -= 1
        // Another writer of the same number may still be at it.
        if segments[index].byteCount > 0, segments[index].writers == 0 { end(index, .cut(.publisherLost), at: now) }
    }

    /// The memory of all is used up.
    package mutating func cut(_ id: TrickleSegmentID, at now: Instant) {
        if let index = index(of: id) { end(index, .cut(.full), at: now) }
    }

    /// - Returns: `false` when there is no such segment.
    package mutating func closeSegment(_ sequence: Int64, at now: Instant) -> Bool {
        guard let index = index(of: sequence) else { return false }
        end(index, .finished, at: now)
        return true
    }

    package mutating func close(at now: Instant) {
        isClosed = true
        for index in segments.indices { end(index, .finished, at: now) }
    }

    /// Whether who has announced this segment, or is at it, may go on.
    package func status(of id: TrickleSegmentID) -> TrickleWriting {
        guard !isClosed else { return .channelClosed }
        guard let index = index(of: id), segments[index].isOpen else { return .segmentClosed }
        return .open
    }

    /// Whether anybody is there.
    package struct Presence: Hashable, Sendable {
        package var isWritten: Bool
        package var isRead: Bool
        package var isClosed: Bool
    }

    package var presence: Presence {
        Presence(isWritten: segments.contains { $0.writers > 0 }, isRead: !readers.isEmpty, isClosed: isClosed)
    }

    // MARK: reading

    package mutating func subscribe(to index: TrickleIndex) -> TrickleSubscribing {
        let sequence =
            switch index {
            case .number(let number): number
            case .next: nextWrite
            case .newest: max(nextWrite - 1, 0)
            }
        // What is there is read to its end, also after the channel's.
        let found = self.index(of: sequence)
        if isClosed, found.map({ segments[$0].byteCount }) ?? 0 == 0 { return .closed(sequence: sequence, latest: nextWrite) }
        guard readers.count < limits.mostReaders else { return .full(limit: limits.mostReaders) }
        let segment: TrickleSegment
        if let found {
            segment = segments[found]
        } else if sequence == nextWrite || (nextWrite == 0 && sequence == 1) {
            segment = make(sequence)
            insert(segment)
        } else {
            return .notFound(sequence: sequence, latest: nextWrite)
        }
        readersMade += 1
        let reader = TrickleReaderID(number: readersMade)
        readers[reader] = Reader(segment: segment.id, waited: segment.byteCount == 0)
        return .reader(reader, of: segment.id, latest: sequence == nextWrite ? nil : nextWrite)
    }

    /// What the reader has not had yet, up to `limit` bytes and a piece.
    package mutating func read(_ id: TrickleReaderID, upTo limit: Int) -> TrickleReading {
        guard var reader = readers[id], let index = index(of: reader.segment) else {
            counts.lagged += 1
            return TrickleReading(next: .ended(TrickleEnd(cut: .lagged, latest: nextWrite, isChannelClosed: isClosed)))
        }
        let pieces = segments[index].bytes(from: reader.offset, upTo: limit)
        var reading = TrickleReading(pieces: pieces, next: .waiting)
        if reader.offset == 0 {
            reading.firstByte = reader.waited ? segments[index].firstByte : nil
            reading.wholeSize = segments[index].state == .finished ? segments[index].byteCount : nil
        }
        let count = pieces.reduce(0) { $0 + $1.readableBytes }
        counts.bytesOut += count
        reader.offset += count
        readers[id] = reader
        if reader.offset < segments[index].byteCount {
            reading.next = .more
        } else if !segments[index].isOpen {
            let cut: TrickleCut? = if case .cut(let cut) = segments[index].state { cut } else { nil }
            reading.next = .ended(TrickleEnd(cut: cut, latest: nextWrite, isChannelClosed: isClosed))
        }
        return reading
    }

    /// - Returns: `false` when its segment has left the window.
    package func holds(_ reader: TrickleReaderID) -> Bool { readers[reader].flatMap { index(of: $0.segment) } != nil }

    package mutating func leave(_ reader: TrickleReaderID) { readers[reader] = nil }

    // MARK: the window

    /// Drops what is too old, too much, or too many. Call every few seconds; writing calls it as needed.
    package mutating func evict(at now: Instant) {
        while let index = surplus(at: now) { remove(index) }
    }

    /// Drops the oldest segment that is complete, whatever its age.
    ///
    /// - Returns: `false` when there is none.
    package mutating func dropOldest() -> Bool {
        guard let index = segments.firstIndex(where: { !$0.isOpen }) else { return false }
        remove(index)
        return true
    }

    private func surplus(at now: Instant) -> Int? {
        if segments.count > limits.mostSegments { return segments.firstIndex { !$0.isOpen } ?? 0 }
        let isTooMuch = cost > limits.mostChannelBytes
        guard isTooMuch || segments.count > limits.leastSegments else { return nil }
        return segments.firstIndex { segment in
            guard let ended = segment.ended else { return false }
            if isTooMuch { return segment.byteCount > 0 }
            return ended.duration(to: now) >= limits.keepTime
        }
    }

    /// The reference would no longer have it.
    private func isPast(_ sequence: Int64) -> Bool { sequence < nextWrite - Int64(limits.leastSegments) }

    /// With its first byte, or without any at its end, a segment moves the leading edge.
    ///
    /// - Returns: where the segment is now.
    private mutating func advance(_ index: Int, at now: Instant) -> Int {
        let id = segments[index].id
        if segments[index].beginsAnew {
            for old in segments.indices.reversed() where !segments[old].beginsAnew { remove(old) }
            for new in segments.indices { segments[new].beginsAnew = false }
            nextWrite = id.sequence + 1
        } else if id.sequence >= nextWrite {
            nextWrite = id.sequence + 1
        }
        // A number that was passed over: those who wait for it wait in vain. One behind may just be late.
        for index in segments.indices where segments[index].isForsaken && segments[index].sequence < id.sequence - 1 {
            end(index, .finished, at: now)
        }
        return self.index(of: id) ?? index
    }

    private mutating func make(_ sequence: Int64) -> TrickleSegment {
        births += 1
        return TrickleSegment(id: TrickleSegmentID(sequence: sequence, birth: births))
    }

    private mutating func insert(_ segment: TrickleSegment) {
        let place = segments.firstIndex { $0.sequence > segment.sequence } ?? segments.endIndex
        segments.insert(segment, at: place)
    }

    private mutating func end(_ index: Int, _ state: TrickleSegment.State, at now: Instant) {
        guard segments[index].isOpen else { return }
        segments[index].end(state, at: now)
        stirred.append(segments[index].id)
    }

    private mutating func remove(_ index: Int) {
        stirred.append(segments[index].id)
        cost -= segments[index].cost
        segments.remove(at: index)
    }

    private func index(of sequence: Int64) -> Int? { segments.lastIndex { $0.sequence == sequence } }
    private func index(of id: TrickleSegmentID) -> Int? { segments.lastIndex { $0.id == id } }
}
