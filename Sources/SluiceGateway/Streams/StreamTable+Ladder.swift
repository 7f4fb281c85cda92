import Logging
package import SluiceTypes

/// Other renditions of a stream that is live.
extension StreamTable {
    /// What is asked for of a live stream's next segment; `nil` for one that is not live.
    package func profiles(of stream: StreamID) -> [TranscodeProfile]? { live(stream)?.pipeline.wanted }

    /// Asks for other renditions from the stream's next segment on. The source, and renditions that stay as they are, are not touched.
    ///
    /// - Parameters:
    ///   - profiles: with names that differ.
    ///   - isSeen: whether what is asked for now is what the asker has seen.
    package func change(
        _ stream: StreamID, to profiles: [TranscodeProfile], if isSeen: ([TranscodeProfile]) -> Bool
    ) -> LadderChange {
        guard let live = live(stream) else { return .notLive }
        let change = live.pipeline.change(to: profiles, if: isSeen)
        if change == .taken {
            logger.notice("renditions", metadata: ["stream": "\(stream)", "asked for": "\(profiles.map(\.name))"])
        }
        return change
    }
}
