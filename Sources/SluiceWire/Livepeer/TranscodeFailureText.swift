package import SluiceTypes

/// Livepeer's texts for a failed segment and our reasons, both ways (specs/transcoding-protocol §3.3, §3.6).
package enum TranscodeFailureText {
    /// Media that no orchestrator can do: the reference's list, word for word.
    package static let hopeless: Set<String> = [
        "Unsupported input pixel format", "Error initializing filtergraph", "Too many outputs",
        "Unsupported input codec", "No keyframes in input", "Unrecoverable state, restart process",
        "Encoded frames runaway", "Decoder not found", "Demuxer not found", "Encoder not found", "Muxer not found",
        "Option not found", "Invalid argument", "TranscoderInvalidResolution", "TranscoderInvalidVideo",
        "TranscoderUnrecognizedFormat", "TranscoderUnrecognizedProfile", "TranscoderInvalidGOP",
        "TranscoderIncompatibleDevices",
    ]

    static let full: Set<String> = [
        "OrchestratorBusy", "OrchestratorCapped", "TranscoderBusy", "no transcoders available",
        "ErrTranscoderUnavailable",
    ]

    static let tokenTroubles: Set<String> = ["missing auth token", "invalid auth token", "expired auth token"]

    /// What `TranscodeResult.error`, or the body of a refusal, means.
    /// - Parameter isRefusal: the text came with a status other than 200.
    package static func failure(_ text: String, isRefusal: Bool = false) -> SegmentFailure {
        let text = trimmed(text)
        return SegmentFailure(reason(text, isRefusal: isRefusal), text.isEmpty ? "no reason given" : text)
    }

    /// What to write into `TranscodeResult.error`.
    package static func text(for failure: SegmentFailure) -> String {
        switch failure.reason {
        case .busy: full.contains(failure.detail) ? failure.detail : "OrchestratorBusy"
        // The list decides whether a reference gateway tries elsewhere, so nothing may leave it by accident.
        case .mediaUnusable: hopeless.contains(failure.detail) ? failure.detail : "TranscoderInvalidVideo"
        case .timedOut: "Remote transcoder took too long"
        case .cancelled: "TranscoderStopped"
        case .unreachable, .sessionRefused, .refused, .protocolViolation, .transcodeFailed:
            failure.detail.isEmpty ? "transcode failed" : failure.detail
        }
    }

    private static func reason(_ text: String, isRefusal: Bool) -> SegmentFailure.Reason {
        if full.contains(text) { return .busy }
        if tokenTroubles.contains(text) { return .sessionRefused }
        if isRefusal { return .refused }
        if hopeless.contains(text) { return .mediaUnusable }
        if text == "MismatchedSegments" || text == "ZeroSegments" { return .protocolViolation }
        return .transcodeFailed
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        let front = text.drop(while: isSpace)
        return String(front.reversed().drop(while: isSpace).reversed())
    }
}
