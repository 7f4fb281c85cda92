/// A setting that cannot be used: which, what it is, and what would be right.
struct SettingsError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(key: String, value: String, source: String, wish: String) {
        self.init("\(key) = '\(value)' (\(source)): \(wish)")
    }

    /// A key that nobody reads, with the nearest of those that somebody does.
    static func unknown(key: String, source: String, known: some Sequence<String>) -> SettingsError {
        let nearest = NearestKey.of(key, among: known).map { "; did you mean '\($0)'?" } ?? ""
        return SettingsError("unknown key '\(key)' (\(source))\(nearest)")
    }
}
