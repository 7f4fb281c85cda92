/// Names of streams in the books. Publishers make them up, so there may be no end of them: beyond so many in an hour the others are booked
/// together.
package struct StreamNames: Sendable {
    /// Twice the streams that one gateway carries.
    package static let mostAnHour = 20_000
    /// No stream's name: those have no brackets.
    package static let others = "(others)"

    private let most: Int
    private var hour: Int64 = 0
    private var names: Set<String> = []

    package init(most: Int = Self.mostAnHour) { self.most = most }

    /// - Parameter now: Unix seconds.
    package mutating func booked(_ name: String, at now: Int64) -> String {
        let hour = now / 3600
        if hour != self.hour {
            self.hour = hour
            names = []
        }
        if names.contains(name) { return name }
        guard names.count < most else { return Self.others }
        names.insert(name)
        return name
    }
}
