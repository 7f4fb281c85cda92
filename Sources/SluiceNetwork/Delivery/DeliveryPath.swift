import SluiceTypes

/// What a viewer's path asks for; `nil` for everything that is none of the three forms, `..` and empty elements included.
enum DeliveryPath: Hashable {
    case multivariant(StreamID)
    case media(StreamID, rendition: String)
    case segment(StreamID, rendition: String, Int64, SegmentContainer)

    init?(_ path: String) {
        guard let elements = URLPath.elements(path), elements.first == "stream" else { return nil }
        switch elements.count {
        case 2:
            guard let name = URLPath.name(elements[1], extension: "m3u8"), let stream = StreamID(name) else { return nil }
            self = .multivariant(stream)
        case 3:
            guard let stream = StreamID(elements[1]), let name = URLPath.name(elements[2], extension: "m3u8") else { return nil }
            self = .media(stream, rendition: name)
        case 4:
            guard let stream = StreamID(elements[1]), let dot = elements[3].lastIndex(of: "."),
                let container = SegmentContainer(rawValue: String(elements[3][elements[3].index(after: dot)...])),
                let number = URLPath.number(elements[3][..<dot])
            else { return nil }
            self = .segment(stream, rendition: elements[2], number, container)
        default: return nil
        }
    }
}

/// Paths taken apart: percent escapes undone after splitting, so that an escaped slash never makes two elements.
enum URLPath {
    /// Longest path looked at; real ones are a fraction of it.
    static let longest = 2048

    /// - Returns: `nil` for a bad escape, an empty element, `.`, `..`, or a slash hidden in an escape.
    static func elements(_ path: String) -> [String]? {
        let bare = path.prefix { $0 != "?" && $0 != "#" }
        guard bare.utf8.count <= longest, bare.first == "/" else { return nil }
        var elements: [String] = []
        for raw in bare.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let element = decode(raw), !element.isEmpty, element != ".", element != "..", !element.contains("/"),
                !element.contains("\\")
            else { return nil }
            elements.append(element)
        }
        return elements
    }

    static func name(_ element: String, extension wanted: String) -> String? {
        let suffix = "." + wanted
        guard element.hasSuffix(suffix), element.count > suffix.count else { return nil }
        return String(element.dropLast(suffix.count))
    }

    /// Digits only: `Int64.init` would also take a sign, and one segment must not have two names.
    static func number(_ digits: Substring) -> Int64? {
        digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(digits) : nil
    }

    static func decode(_ raw: Substring) -> String? {
        guard raw.utf8.contains(UInt8(ascii: "%")) else { return String(raw) }
        var bytes: [UInt8] = []
        var rest = Array(raw.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit), high | low != 0
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}

/// A `Range` header over a body of known size (RFC 9110 §14). Several ranges, and units other than bytes, give the whole.
enum ByteRange: Equatable {
    case whole
    case part(Range<Int>)
    case outside

    init(_ header: String?, size: Int) {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else {
            self = .whole
            return
        }
        let parts = header.dropFirst("bytes=".count).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            self = .whole
            return
        }
        switch (Int(parts[0]), Int(parts[1])) {
        case (let first?, let last?) where first >= 0 && last >= first:
            self = first < size ? .part(first..<(last < size ? last + 1 : size)) : .outside
        case (let first?, nil) where first >= 0 && parts[1].isEmpty:
            self = first < size ? .part(first..<size) : .outside
        case (nil, let suffix?) where parts[0].isEmpty && suffix >= 0:
            self = suffix > 0 && size > 0 ? .part(max(0, size - suffix)..<size) : .outside
        default: self = .whole
        }
    }
}
