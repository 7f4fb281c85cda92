package import SluiceTypes

/// One line of a multivariant playlist.
package struct Variant: Hashable, Sendable {
    package var rendition: String
    package var width: Int?
    package var height: Int?
    package var frameRate: Double?
    package var codecs: [String]
    package var peakBandwidth: Int
    package var averageBandwidth: Int

    package init(
        rendition: String, width: Int?, height: Int?, frameRate: Double?, codecs: [String], peakBandwidth: Int,
        averageBandwidth: Int
    ) {
        self.rendition = rendition
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.codecs = codecs
        self.peakBandwidth = peakBandwidth
        self.averageBandwidth = averageBandwidth
    }
}

package enum MultivariantPlaylist {
    /// - Returns: URIs relative to `/stream/{id}.m3u8`.
    package static func render(stream: StreamID, variants: [Variant]) -> String {
        var text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        for variant in variants {
            var attributes = ["BANDWIDTH=\(max(1, variant.peakBandwidth))"]
            if variant.averageBandwidth > 0 { attributes.append("AVERAGE-BANDWIDTH=\(variant.averageBandwidth)") }
            if let width = variant.width, let height = variant.height, width > 0, height > 0 {
                attributes.append("RESOLUTION=\(width)x\(height)")
            }
            if let rate = variant.frameRate, rate > 0, rate < 1000 { attributes.append("FRAME-RATE=\(decimals(rate))") }
            if !variant.codecs.isEmpty { attributes.append("CODECS=\"\(variant.codecs.joined(separator: ","))\"") }
            text += "#EXT-X-STREAM-INF:\(attributes.joined(separator: ","))\n"
            text += "\(PercentEncoding.pathElement(stream.rawValue))/\(PercentEncoding.pathElement(variant.rendition)).m3u8\n"
        }
        return text
    }

    private static func decimals(_ rate: Double) -> String {
        let thousandths = Int((rate * 1000).rounded())
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
