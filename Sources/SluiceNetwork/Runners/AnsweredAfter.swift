import Synchronization

/// When an answer's head came, if it came.
final class AnsweredAfter: Sendable {
    private let bits = Atomic<UInt64>(Double.nan.bitPattern)

    var seconds: Double? {
        let value = Double(bitPattern: bits.load(ordering: .relaxed))
        return value.isNaN ? nil : value
    }

    func set(_ seconds: Double) { bits.store(seconds.bitPattern, ordering: .relaxed) }
}
