/// A multivariant playlist as a player reads it.
package struct MultivariantReader: Sendable {
    package struct Variant: Hashable, Sendable {
        /// Of the tag.
        package var line: Int
        package var uri: String
        package var bandwidth: Int64?
        package var averageBandwidth: Int64?
        package var codecs: String?
        package var resolution: String?
        package var frameRate: Double?
    }

    package private(set) var variants: [Variant] = []
    package private(set) var isIndependent = false
    package private(set) var faults: [PlaylistReader.Malformed] = []

    /// - Returns: whether the text is a multivariant playlist rather than a media playlist.
    package static func recognizes(_ text: String) -> Bool { text.contains("#EXT-X-STREAM-INF:") }

    package init(_ text: String) {
        var pending: Variant?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let number = index + 1
            func fault(_ what: String) { faults.append(.init(line: number, what: what)) }
            if index == 0 {
                if line != "#EXTM3U" { fault("'\(line)' instead of #EXTM3U") }
            } else if line.hasPrefix("#EXT-X-STREAM-INF:") {
                if pending != nil { fault("a variant without an address before this one") }
                do throws(AttributeList.Fault) {
                    let attributes = try AttributeList(line.dropFirst("#EXT-X-STREAM-INF:".count))
                    pending = Variant(
                        line: number, uri: "", bandwidth: try attributes.integer("BANDWIDTH"),
                        averageBandwidth: try attributes.integer("AVERAGE-BANDWIDTH"), codecs: try attributes.text("CODECS"),
                        resolution: try attributes.word("RESOLUTION"), frameRate: try attributes.seconds("FRAME-RATE"))
                } catch {
                    fault(error.what)
                }
            } else if line == "#EXT-X-INDEPENDENT-SEGMENTS" {
                isIndependent = true
            } else if !line.isEmpty, !line.hasPrefix("#") {
                guard var variant = pending else {
                    fault("'\(line)' without EXT-X-STREAM-INF")
                    continue
                }
                variant.uri = String(line)
                variants.append(variant)
                pending = nil
            }
        }
    }
}
