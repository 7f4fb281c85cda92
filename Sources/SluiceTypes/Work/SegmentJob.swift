/// One segment and the renditions wanted of it: what a gateway gives out and an orchestrator takes in.
package struct SegmentJob: Sendable {
    package let segment: Segment
    /// In order; never empty.
    package let profiles: [TranscodeProfile]
    /// `nil` for the whole segment.
    package let slice: SegmentSlice?

    package init(segment: Segment, profiles: [TranscodeProfile], slice: SegmentSlice? = nil) {
        self.segment = segment
        self.profiles = profiles
        self.slice = slice
    }
}
