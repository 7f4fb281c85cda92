import Foundation
import Synchronization

/// How far a number of runs is, as one line on standard error that is written over; nothing where that is no terminal.
final class ProgressBar: Sendable {
    private struct State {
        var shares: [Double]
        var drawn: ContinuousClock.Instant?
    }

    private static let width = 40
    /// Fast enough to look alive, slow enough not to be the work.
    private static let interval = Duration.milliseconds(100)

    private let state: Mutex<State>
    private let isShown: Bool
    private let began = ContinuousClock.now

    /// - Parameter runs: how many there will be.
    init(runs: Int, isShown: Bool = isatty(STDERR_FILENO) == 1) {
        self.state = Mutex(State(shares: Array(repeating: 0, count: runs), drawn: nil))
        self.isShown = isShown && runs > 0
    }

    /// - Parameter share: of this run, 0 to 1.
    func advance(_ run: Int, to share: Double) {
        guard isShown else { return }
        let now = ContinuousClock.now
        let whole = state.withLock { state -> Double? in
            state.shares[run] = share
            if let drawn = state.drawn, now - drawn < Self.interval { return nil }
            state.drawn = now
            return state.shares.reduce(0, +) / Double(state.shares.count)
        }
        if let whole { write(Self.line(whole, after: now - began)) }
    }

    /// Wipes the line.
    func finish() {
        guard isShown else { return }
        write("\r" + String(repeating: " ", count: Self.width + 30) + "\r")
    }

    static func line(_ share: Double, after elapsed: Duration) -> String {
        let full = Int((share * Double(width)).rounded())
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        // The first per cent says too little to tell the rest.
        let rest = share > 0.01 ? ", \(Int((seconds * (1 - share) / share).rounded(.up))) s to go" : ""
        return "\r\(bar) \(Int(share * 100)) %\(rest)    "
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
