import Synchronization

/// Whether the check at the end of a demo held; failed until it is known to have passed.
final class Verdict: Sendable {
    private let text = Mutex<String?>("it ended before it was checked")

    var failure: String? { text.withLock { $0 } }
    func passed() { text.withLock { $0 = nil } }
    func failed(_ why: String) { text.withLock { $0 = why } }
}
