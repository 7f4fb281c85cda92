import Synchronization

/// The bytes of segments that are in memory at once, of all gateways together: while they come in, wait, and are worked on.
package final class UploadBudget: Sendable {
    /// One segment of the largest kind (300 MB) and the usual load beside it: ten sessions with five segments each, of 2 s at
    /// 8 Mbit/s, are 100 MB.
    package static let defaultLimit = 512 << 20

    package let limit: Int
    private let state = Mutex(0)

    package init(limit: Int = UploadBudget.defaultLimit) { self.limit = limit }

    package var held: Int { state.withLock { $0 } }

    /// Whether so many more would fit now. Nothing is set aside for them: a peer that only says it will send much takes nobody's room.
    package func hasRoom(for bytes: Int) -> Bool {
        state.withLock { bytes <= limit - $0 }
    }

    /// - Returns: `false` when they do not fit. Otherwise `release` must follow.
    package func take(_ bytes: Int) -> Bool {
        state.withLock { held in
            guard bytes <= limit - held else { return false }
            held += bytes
            return true
        }
    }

    package func release(_ bytes: Int) { state.withLock { $0 -= bytes } }
}
