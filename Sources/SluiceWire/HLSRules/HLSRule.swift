/// What is checked, each with the paragraph of draft-pantos-hls-rfc8216bis that says so.
package enum HLSRule: String, CaseIterable, Hashable, Sendable {
    // One playlist by itself.
    case readable = "readable"
    case tagOnce = "tag-once"
    case versionHighEnough = "version-high-enough"
    case targetDurationPresent = "target-duration-present"
    case segmentWithinTarget = "segment-within-target"
    case longEnough = "long-enough"
    case mapPresent = "map-present"
    case holdBackMinimum = "hold-back-minimum"
    case skipBoundaryMinimum = "skip-boundary-minimum"
    case skipOnlyWhenAsked = "skip-only-when-asked"

    // Low latency.
    case partTargetPresent = "part-target-present"
    case partWithinTarget = "part-within-target"
    case partFillsTarget = "part-fills-target"
    case partsMakeSegment = "parts-make-segment"
    case partsNearEdge = "parts-near-edge"
    case oldPartsRemoved = "old-parts-removed"
    case independentMarked = "independent-marked"
    case partHoldBackPresent = "part-hold-back-present"
    case partHoldBackMinimum = "part-hold-back-minimum"
    case partHoldBackAdvised = "part-hold-back-advised"
    case blockReloadOffered = "block-reload-offered"
    case skipOffered = "skip-offered"
    case dateTimePresent = "date-time-present"
    case hintPresent = "hint-present"
    case hintNotListed = "hint-not-listed"
    case nothingAfterEnd = "nothing-after-end"

    // Other renditions.
    case reportForEach = "report-for-each"
    case reportComplete = "report-complete"
    case reportExact = "report-exact"

    // One playlist after another.
    case targetDurationConstant = "target-duration-constant"
    case partTargetConstant = "part-target-constant"
    case serverControlConstant = "server-control-constant"
    case sequenceForward = "sequence-forward"
    case segmentsContinue = "segments-continue"
    case segmentUnchanged = "segment-unchanged"
    case partUnchanged = "part-unchanged"
    case partKept = "part-kept"
    case dateTimeUnchanged = "date-time-unchanged"
    case discontinuityCounted = "discontinuity-counted"
    case hintKept = "hint-kept"
    case endIsFinal = "end-is-final"
    case updatedInTime = "updated-in-time"

    // Answers to requests.
    case reloadAnswered = "reload-answered"
    case reloadHasWhatWasAsked = "reload-has-what-was-asked"
    case reloadGivesUp = "reload-gives-up"
    case farFutureRefused = "far-future-refused"
    case partAloneRefused = "part-alone-refused"
    case badNumberRefused = "bad-number-refused"
    case deltaKeepsBoundary = "delta-keeps-boundary"
    case deltaMatches = "delta-matches"
    case hintAnswered = "hint-answered"
    case hintIsThePart = "hint-is-the-part"
    case segmentIsItsParts = "segment-is-its-parts"
    case mediaThere = "media-there"
    case rangeHonoured = "range-honoured"
    case rangeOutsideRefused = "range-outside-refused"
    case playlistType = "playlist-type"
    case playlistGzip = "playlist-gzip"
    case http2OverTLS = "http2-over-tls"
    case playlistCaching = "playlist-caching"
    case mediaCaching = "media-caching"
    case errorCaching = "error-caching"

    // The multivariant playlist.
    case bandwidthPresent = "bandwidth-present"
    case codecsPresent = "codecs-present"
    case resolutionPresent = "resolution-present"
    case frameRatePresent = "frame-rate-present"
    case averageBandwidthPresent = "average-bandwidth-present"
    case independenceTold = "independence-told"
    case renditionsAligned = "renditions-aligned"

    /// Whether breaking it breaks players, or only makes them worse off (SHOULD).
    package var isAdvice: Bool {
        switch self {
        case .partHoldBackAdvised, .skipOffered, .oldPartsRemoved, .longEnough, .reloadGivesUp, .hintPresent, .playlistCaching,
            .mediaCaching, .errorCaching, .codecsPresent, .resolutionPresent, .frameRatePresent, .averageBandwidthPresent,
            .independenceTold, .partsMakeSegment:
            true
        default: false
        }
    }

    package var paragraph: String {
        switch self {
        case .readable: "4.1"
        case .tagOnce: "4.4.3"
        case .versionHighEnough: "8"
        case .targetDurationPresent, .segmentWithinTarget: "4.4.3.1"
        case .longEnough, .updatedInTime, .partsNearEdge, .oldPartsRemoved, .partKept, .segmentsContinue: "6.2.2"
        case .mapPresent: "4.4.4.5"
        case .holdBackMinimum, .skipBoundaryMinimum, .partHoldBackPresent, .partHoldBackMinimum, .partHoldBackAdvised,
            .serverControlConstant:
            "4.4.3.8"
        case .skipOnlyWhenAsked, .deltaKeepsBoundary, .deltaMatches: "6.2.5.1"
        case .partTargetPresent, .partTargetConstant: "4.4.3.7"
        case .partWithinTarget, .partFillsTarget, .partsMakeSegment, .independentMarked, .segmentIsItsParts: "4.4.4.9"
        case .blockReloadOffered, .skipOffered, .dateTimePresent, .hintPresent, .reportForEach, .playlistGzip, .http2OverTLS,
            .playlistCaching, .mediaCaching, .errorCaching:
            "B.1"
        case .hintNotListed, .hintKept: "4.4.5.3"
        case .hintAnswered, .hintIsThePart: "6.2.6"
        case .nothingAfterEnd, .endIsFinal: "4.4.3.4"
        case .reportComplete, .reportExact: "4.4.5.4"
        case .targetDurationConstant, .segmentUnchanged, .partUnchanged, .dateTimeUnchanged, .mediaThere: "6.2.1"
        case .sequenceForward: "4.4.3.2"
        case .discontinuityCounted: "4.4.3.3"
        case .reloadAnswered, .reloadHasWhatWasAsked, .reloadGivesUp, .farFutureRefused: "6.2.5.2"
        case .partAloneRefused, .badNumberRefused: "6.2.5"
        case .rangeHonoured, .rangeOutsideRefused: "RFC 9110 §14"
        case .playlistType: "4"
        case .bandwidthPresent, .codecsPresent, .resolutionPresent, .frameRatePresent, .averageBandwidthPresent: "4.4.6.2"
        case .independenceTold: "4.4.2.1"
        case .renditionsAligned: "6.2.4"
        }
    }
}

/// One breach of a rule.
package struct HLSFinding: Hashable, Sendable, CustomStringConvertible {
    package var rule: HLSRule
    /// Of the playlist, where one line can be blamed.
    package var line: Int?
    package var what: String

    package init(_ rule: HLSRule, line: Int? = nil, _ what: String) {
        self.rule = rule
        self.line = line
        self.what = what
    }

    package var description: String {
        "\(rule.isAdvice ? "advice" : "BROKEN") \(rule.rawValue) (\(rule.paragraph))\(line.map { ", line \($0)" } ?? ""): \(what)"
    }
}
