package import SluiceTypes

/// What came of one attempt, as the ranking counts it.
package struct WorkOutcome: Sendable {
    package enum End: Hashable, Sendable {
        /// All that was asked for came.
        case done
        /// Its own fault.
        case failed(SegmentFailure.Reason)
        /// It was late, and another brought the segment, or nobody did.
        case overtaken
        /// Refused for want of room: nobody's fault.
        case full
        /// Stopped for no fault of its own.
        case stopped
    }

    package var end: End
    package var kind: BookingKind
    /// Seconds of media.
    package var duration: Double
    /// Seconds from sending to the last rendition.
    package var finish: Double?
    package var isInTime: Bool
    /// As they were asked for and as they came; 0 where not known.
    package var pixelsExpected: Double
    package var pixels: Int64
    package var bitsExpected: Double
    package var bits: Double
    package var wei: Double
    /// The stream left it in trouble.
    package var isSwap: Bool

    package init(
        end: End, kind: BookingKind, duration: Double, finish: Double? = nil, isInTime: Bool = true, pixelsExpected: Double = 0,
        pixels: Int64 = 0, bitsExpected: Double = 0, bits: Double = 0, wei: Double = 0, isSwap: Bool = false
    ) {
        self.end = end
        self.kind = kind
        self.duration = duration
        self.finish = finish
        self.isInTime = isInTime
        self.pixelsExpected = pixelsExpected
        self.pixels = pixels
        self.bitsExpected = bitsExpected
        self.bits = bits
        self.wei = wei
        self.isSwap = isSwap
    }
}
