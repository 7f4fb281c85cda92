/// What the holder of a token may do at the admin port; each may what the ones before it may.
enum AccessRole: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
    /// Look at everything but secrets.
    case read
    /// Steer what runs: service levels, streams, drains and blocks.
    case operate
    /// Change who is in the list, classes of GPUs, and the settings.
    case admin

    static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
