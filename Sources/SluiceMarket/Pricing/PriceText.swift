import SluiceTypes

extension PriceFunction.Base {
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let text: String
        package let reason: String
        package var description: String {
            "'\(text)' \(reason); 'transcode = 100 wei per pixel' or 'live-video-to-video/noop = 0.02 USD per 3600 second' is right"
        }
    }

    /// As a person writes it: `PIPELINE[/MODEL] = PRICE per [NUMBER] pixel|second|job`.
    package init(text: String) throws(Malformed) {
        let sides = text.split(separator: "=", maxSplits: 1).map { $0.trimmed }
        guard sides.count == 2, !sides[0].isEmpty else { throw Malformed(text: text, reason: "has no '='") }
        let words = sides[1].split(separator: " ")
        guard let mark = words.firstIndex(of: "per"), mark > 0, let last = words.last, let unit = WorkUnit(rawValue: Self.singular(last))
        else {
            throw Malformed(text: text, reason: "does not say per what")
        }
        let count = words[(mark + 1)..<(words.count - 1)]
        guard count.count <= 1, let per = count.isEmpty ? 1 : Int64(count[count.startIndex].filter { $0 != "_" }),
            (1...1_000_000_000).contains(per)
        else {
            throw Malformed(text: text, reason: "is for no whole number of units above 0")
        }
        let money: Money
        do { money = try Money(text: words[..<mark].joined()) } catch { throw Malformed(text: text, reason: "has no price: \(error)") }
        let name = sides[0].split(separator: "/", maxSplits: 1).map(String.init)
        guard sides[0].utf8.count <= OfferedCapability.longestName, !name.isEmpty else {
            throw Malformed(text: text, reason: "names no pipeline")
        }
        self.init(pipeline: name[0], model: name.count == 2 ? name[1] : nil, price: money, per: per, unit: unit)
    }

    private static func singular(_ word: Substring) -> String {
        let word = String(word)
        return word.hasSuffix("s") ? String(word.dropLast()) : word
    }
}

/// A factor, or a rate, by name: `NAME=VALUE`.
package struct NamedValue: Hashable, Sendable {
    package var name: String
    package var value: String

    /// - Returns: `nil` where there is no name, no `=`, or nothing behind it.
    package init?(text: String) {
        let sides = text.split(separator: "=", maxSplits: 1).map { $0.trimmed }
        guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else { return nil }
        name = sides[0]
        value = sides[1]
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = drop { $0 == " " }
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
