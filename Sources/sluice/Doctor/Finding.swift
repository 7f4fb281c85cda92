/// One thing that a doctor looked at.
struct Finding: Codable, Hashable, Sendable {
    enum Level: String, Codable, Hashable, Sendable, Comparable {
        case good, note, warning, fault

        static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .good: 0
            case .note: 1
            case .warning: 2
            case .fault: 3
            }
        }
    }

    var level: Level
    /// What was looked at: `ports`, `libraries`, …
    var subject: String
    var words: String
    /// What to do; everything but `good` has one.
    var remedy: String?

    static func good(_ subject: String, _ words: String) -> Finding { Finding(level: .good, subject: subject, words: words) }

    static func note(_ subject: String, _ words: String, _ remedy: String) -> Finding {
        Finding(level: .note, subject: subject, words: words, remedy: remedy)
    }

    static func warning(_ subject: String, _ words: String, _ remedy: String) -> Finding {
        Finding(level: .warning, subject: subject, words: words, remedy: remedy)
    }

    static func fault(_ subject: String, _ words: String, _ remedy: String) -> Finding {
        Finding(level: .fault, subject: subject, words: words, remedy: remedy)
    }
}
