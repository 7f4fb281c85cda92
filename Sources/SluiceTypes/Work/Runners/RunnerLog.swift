import Synchronization

/// The last lines that a runner wrote.
package final class RunnerLog: Sendable {
    private static let mostLines = 400
    /// Bytes; what is longer is cut off.
    private static let longestLine = 2048

    private struct State {
        var lines: [String] = []
        /// Where the oldest is, once all places are taken.
        var oldest = 0
        var open: [UInt8] = []
        var isCut = false
    }

    private let state = Mutex(State())
    private let told: @Sendable () -> Void

    /// - Parameter told: when something was written; it must return at once.
    package init(told: @escaping @Sendable () -> Void = {}) { self.told = told }

    /// Bytes as they come, in whatever pieces.
    package func write(_ bytes: some Sequence<UInt8>) {
        state.withLock { state in
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "\n"): Self.close(&state)
                case UInt8(ascii: "\r"): break
                default:
                    if state.open.count < Self.longestLine { state.open.append(byte) } else { state.isCut = true }
                }
            }
        }
        told()
    }

    package func note(_ line: String) {
        state.withLock { state in
            if !state.open.isEmpty { Self.close(&state) }
            state.open = Array(line.utf8.prefix(Self.longestLine))
            Self.close(&state)
        }
        told()
    }

    private static func close(_ state: inout State) {
        let line = String(decoding: state.open, as: UTF8.self) + (state.isCut ? " …" : "")
        state.open.removeAll(keepingCapacity: true)
        state.isCut = false
        if state.lines.count < mostLines {
            state.lines.append(line)
        } else {
            state.lines[state.oldest] = line
            state.oldest = (state.oldest + 1) % mostLines
        }
    }

    /// Oldest first.
    package var lines: [String] {
        state.withLock { state in
            let last = state.open.isEmpty ? [] : [String(decoding: state.open, as: UTF8.self)]
            return Array(state.lines[state.oldest...] + state.lines[..<state.oldest] + last)
        }
    }
}
