/// A setting that cannot be used: which, what it is, and what would be right.
struct SettingsError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(key: String, value: String, source: String, wish: String) {
        self.init("\(key) = '\(value)' (\(source)): \(wish)")
    }
}
