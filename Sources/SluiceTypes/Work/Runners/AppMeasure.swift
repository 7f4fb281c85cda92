/// What was seen of a runner by those who asked it.
package struct AppMeasure: Hashable, Sendable {
    /// Seconds to an answer's head; `nil` where nobody has asked it yet.
    package var median: Double?
    package var p90: Double?
    /// It is not left out for what it did lately.
    package var isWell: Bool

    package init(median: Double?, p90: Double?, isWell: Bool) {
        self.median = median
        self.p90 = p90
        self.isWell = isWell
    }
}
