/// Names of streams that a token is for: one name, or with `*` at its end all that begin so.
package struct StreamPattern: Hashable, Sendable {
    private let text: String
    private let isBeginning: Bool

    package init(_ text: String) {
        isBeginning = text.hasSuffix("*")
        self.text = isBeginning ? String(text.dropLast()) : text
    }

    package func covers(_ name: String) -> Bool { isBeginning ? name.hasPrefix(text) : name == text }
}
