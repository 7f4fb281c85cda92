/// Where the renditions of a streamed segment are to begin anew, as it stands in a header (docs/Streaming-segments.md): for each, the
/// time of a picture on the 33-bit clock, or a dash; the next picture is a key frame.
package enum StreamedSegmentKeyFrames {
    private static let longest: Int64 = 1 << 33 - 1

    /// - Returns: `nil` where none is wished for.
    package static func text(of times: [Int64?]) -> String? {
        guard times.contains(where: { $0 != nil }) else { return nil }
        return times.map { $0.map { "\($0)" } ?? "-" }.joined(separator: ",")
    }

    /// - Returns: `nil` for anything but so many times and dashes.
    package static func times(from text: String, renditions: Int) -> [Int64?]? {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        guard words.count == renditions else { return nil }
        var times: [Int64?] = []
        for word in words {
            if word == "-" {
                times.append(nil)
            } else if let time = Int64(word), (0...longest).contains(time) {
                times.append(time)
            } else {
                return nil
            }
        }
        return times
    }
}
