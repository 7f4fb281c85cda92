package import NIOCore
import Synchronization

/// A segment's bytes while they come in: written by one, read by many, each from the first byte and at its own pace.
///
/// The appended buffers are kept until the feed goes, so that a reader who comes late still finds the first byte; nothing is copied.
package final class SegmentFeed: Sendable {
    /// What a reader finds at its place.
    package enum Next: Sendable {
        case piece(ByteBuffer)
        /// Keccak-256 of all bytes.
        case end(hash: [UInt8])
        case abandoned(SegmentFailure)
    }

    /// Takes a wish to be woken back.
    package struct Wish: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct State {
        var pieces: [ByteBuffer] = []
        var size = 0
        var close: Next?
        var wishes: [(wish: Wish, index: Int, body: @Sendable () -> Void)] = []
        var wishCount: UInt64 = 0

        func next(at index: Int) -> Next? {
            if case .abandoned = close { return close }
            return index < pieces.count ? .piece(pieces[index]) : close
        }
    }

    /// As of the reference's segments (specs/transcoding-protocol §8).
    package static let defaultLimit = 300 << 20

    package let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes in all; a writer who wants to append more abandons the feed.
    package init(limit: Int = SegmentFeed.defaultLimit) { self.limit = limit }

    /// Bytes so far.
    package var size: Int { state.withLock { $0.size } }

    /// Pieces so far.
    package var count: Int { state.withLock { $0.pieces.count } }

    /// Adds bytes to the end; empty buffers add nothing.
    ///
    /// - Returns: `false` when the feed has ended or these bytes were too many, which abandons it.
    @discardableResult
    package func append(_ piece: ByteBuffer) -> Bool {
        change { state in
            guard state.close == nil else { return false }
            guard piece.readableBytes <= limit - state.size else {
                state.close = .abandoned(SegmentFailure(.mediaUnusable, "the segment is larger than \(limit) bytes"))
                return false
            }
            guard piece.readableBytes > 0 else { return true }
            state.pieces.append(piece)
            state.size += piece.readableBytes
            return true
        }
    }

    /// All bytes are there. Does nothing after an end or an abandonment.
    ///
    /// - Parameter hash: Keccak-256 of them, 32 bytes.
    package func finish(hash: [UInt8]) {
        change { state in state.close = state.close ?? .end(hash: hash) }
    }

    /// No more will come and the segment is not whole: readers fail at once, wherever they are. Does nothing after an end.
    package func abandon(_ failure: SegmentFailure = SegmentFailure(.cancelled, "the segment was given up")) {
        change { state in state.close = state.close ?? .abandoned(failure) }
    }

    /// - Parameter index: how many pieces the reader has had.
    /// - Returns: `nil` when there is nothing yet.
    package func next(at index: Int) -> Next? { state.withLock { $0.next(at: index) } }

    /// Calls `body` once, as soon as `next(at: index)` has something, or at once; or when the wish is taken back.
    /// `body` runs under no lock, on the writer's thread, and must not block.
    package func whenReady(at index: Int, _ body: @escaping @Sendable () -> Void) -> Wish {
        let (wish, isReady) = state.withLock { state in
            state.wishCount += 1
            let wish = Wish(number: state.wishCount)
            let isReady = state.next(at: index) != nil
            if !isReady { state.wishes.append((wish, index, body)) }
            return (wish, isReady)
        }
        if isReady { body() }
        return wish
    }

    package func takeBack(_ wish: Wish) {
        let body = state.withLock { state in
            state.wishes.firstIndex { $0.wish == wish }.map { state.wishes.remove(at: $0).body }
        }
        body?()
    }

    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, wishes) = state.withLock { state in
            let result = body(&state)
            let fulfilled = state.wishes.filter { state.next(at: $0.index) != nil }
            if !fulfilled.isEmpty { state.wishes.removeAll { wish in fulfilled.contains { $0.wish == wish.wish } } }
            return (result, fulfilled.map(\.body))
        }
        for wish in wishes { wish() }
        return result
    }
}

extension SegmentFeed {
    /// The bytes from the first on, as they come. Ends with the feed; throws its `SegmentFailure` when it was abandoned, and
    /// `CancellationError` when the reader is.
    package struct Pieces: AsyncSequence, Sendable {
        fileprivate let feed: SegmentFeed

        package struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let feed: SegmentFeed
            private var index = 0

            fileprivate init(feed: SegmentFeed) { self.feed = feed }

            package mutating func next() async throws -> ByteBuffer? {
                while true {
                    switch feed.next(at: index) {
                    case .piece(let piece):
                        index += 1
                        return piece
                    case .end: return nil
                    case .abandoned(let failure): throw failure
                    case nil: try await feed.ready(at: index)
                    }
                }
            }
        }

        package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(feed: feed) }
    }

    package func pieces() -> Pieces { Pieces(feed: self) }

    /// Keccak-256 of all bytes; `nil` until the feed has ended, and when it was abandoned.
    package var hash: [UInt8]? {
        if case .end(let hash) = next(at: .max) { hash } else { nil }
    }

    /// Waits for the end. Throws as `pieces` does.
    ///
    /// - Returns: Keccak-256 of all bytes.
    package func ended() async throws -> [UInt8] {
        while true {
            switch next(at: .max) {
            case .end(let hash): return hash
            case .abandoned(let failure): throw failure
            case .piece, nil: try await ready(at: .max)
            }
        }
    }

    private func ready(at index: Int) async throws {
        let waiting = Mutex<Wish?>(nil)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let wish = whenReady(at: index) { continuation.resume() }
                waiting.withLock { $0 = wish }
                // The cancellation may have come before there was anything to take back.
                if Task.isCancelled { takeBack(wish) }
            }
        } onCancel: {
            if let wish = waiting.withLock({ $0 }) { takeBack(wish) }
        }
        try Task.checkCancellation()
    }
}
