import NIOCore

/// The bytes of one segment: what its publisher sent, piece by piece, each shared by all who read it.
struct TrickleSegment {
    enum State: Hashable {
        case open
        /// Ended by its publisher, a reset, a DELETE, or with the channel.
        case finished
        case cut(TrickleCut)
    }

    /// What a piece costs besides its bytes: its place in the two arrays, and its share of an allocation. It keeps a publisher of
    /// single bytes within the same bounds.
    private static let pieceCost = 64
    /// A piece that holds on to a buffer so many times its size is copied out of it, so that memory follows the bytes counted.
    private static let wastefulShare = 4

    let id: TrickleSegmentID
    private(set) var state = State.open
    private(set) var byteCount = 0
    private(set) var cost = 0
    private(set) var firstByte: ContinuousClock.Instant?
    private(set) var ended: ContinuousClock.Instant?
    /// Those attached to it, with bytes or without.
    var writers = 0
    /// Its first byte begins a new life of the publisher.
    var beginsAnew = false

    private var pieces: [ByteBuffer] = []
    /// Where each piece begins.
    private var starts: [Int] = []

    init(id: TrickleSegmentID) { self.id = id }

    var sequence: Int64 { id.sequence }
    var isOpen: Bool { state == .open }
    /// Nothing in it, and nobody to put something into it.
    var isForsaken: Bool { isOpen && byteCount == 0 && writers == 0 }

    static func cost(of bytes: ByteBuffer) -> Int { bytes.readableBytes + pieceCost }

    mutating func append(_ bytes: ByteBuffer, at now: ContinuousClock.Instant) {
        let isWasteful = bytes.storageCapacity > Self.wastefulShare * bytes.readableBytes
        pieces.append(isWasteful ? ByteBuffer(bytes: bytes.readableBytesView) : bytes)
        starts.append(byteCount)
        if firstByte == nil { firstByte = now }
        byteCount += bytes.readableBytes
        cost += Self.cost(of: bytes)
    }

    mutating func end(_ state: State, at now: ContinuousClock.Instant) {
        guard isOpen else { return }
        self.state = state
        ended = now
    }

    /// Pieces from `offset` on, at least one if there is any; no more of them once `limit` bytes are reached.
    func bytes(from offset: Int, upTo limit: Int) -> [ByteBuffer] {
        guard offset < byteCount, var index = index(at: offset) else { return [] }
        var found: [ByteBuffer] = []
        var skip = offset - starts[index]
        var count = 0
        while index < pieces.count, count < limit {
            var piece = pieces[index]
            piece.moveReaderIndex(forwardBy: skip)
            skip = 0
            count += piece.readableBytes
            found.append(piece)
            index += 1
        }
        return found
    }

    /// The piece in which `offset` lies. Nearly always it is the last.
    private func index(at offset: Int) -> Int? {
        if let last = starts.last, last <= offset { return starts.count - 1 }
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }
}
