import NIOCore
import SluiceTypes
import Synchronization

/// What a worker says in lines, given to all who read it: bounded, whoever is slow misses the oldest.
final class DataLines: Sendable {
    /// Each is a connection that stays open.
    static let mostReaders = 100
    /// Lines of a reader that wait; a worker that says one for each picture fills it in two seconds.
    private static let mostWaiting = 64
    /// Of one line, in bytes: a picture as text goes through, and what has no end is cut.
    private static let longestLine = 1 << 20

    private struct State {
        var readers: [Int: AsyncStream<ByteBuffer>.Continuation] = [:]
        var made = 0
        var isEnded = false
    }

    private let state = Mutex(State())

    /// - Returns: `nil` when there are too many readers.
    func read() -> AsyncStream<ByteBuffer>? {
        let (lines, line) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(Self.mostWaiting))
        let number = state.withLock { state -> Int? in
            guard state.readers.count < Self.mostReaders else { return nil }
            state.made += 1
            if state.isEnded { line.finish() } else { state.readers[state.made] = line }
            return state.made
        }
        guard let number else { return nil }
        line.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.readers.removeValue(forKey: number) } }
        return lines
    }

    func end() {
        let readers = state.withLock { state in
            state.isEnded = true
            return state.readers.values.map { $0 }
        }
        for reader in readers { reader.finish() }
    }

    private func say(_ line: ByteBuffer) {
        // What a worker sends with both ends of a line is one all the same, and empty lines say nothing.
        var line = line
        if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
        guard line.readableBytes > 0 else { return }
        for reader in state.withLock({ Array($0.readers.values) }) { reader.yield(line) }
    }

    /// Lines out of the pieces of a segment, whose end ends one too.
    struct Cutter {
        private var held = ByteBuffer()
        /// The line is too long: the rest of it is left out with it.
        private var isSkipping = false

        mutating func take(_ piece: ByteBuffer, _ lines: DataLines) {
            held.writeImmutableBuffer(piece)
            while let end = held.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let line = held.readSlice(length: end - held.readerIndex) ?? ByteBuffer()
                held.moveReaderIndex(forwardBy: 1)
                if !isSkipping { lines.say(line) }
                isSkipping = false
            }
            if held.readableBytes > DataLines.longestLine {
                held.clear()
                isSkipping = true
            }
            held.discardReadBytes()
        }

        mutating func finish(_ lines: DataLines) {
            if !isSkipping { lines.say(held) }
            held.clear()
            isSkipping = false
        }
    }
}
