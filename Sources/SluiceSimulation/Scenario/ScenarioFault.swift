/// What is impossible in a scenario: where, what stands there, and what might.
package struct ScenarioFault: Hashable, Sendable, CustomStringConvertible {
    /// As in `orchestrators[2].service.lanes`; places count from 0.
    package var path: String
    package var value: String
    package var allowed: String

    package init(path: String, value: String, allowed: String) {
        self.path = path
        self.value = value
        self.allowed = allowed
    }

    package var description: String { "\(path) is \(value); it must be \(allowed)" }
}
