/// One segment and the renditions wanted of it: what a gateway gives out and an orchestrator takes in.
package struct SegmentJob: Sendable {
    package let segment: Segment
    /// In order; never empty.
    package let profiles: [TranscodeProfile]

    package init(segment: Segment, profiles: [TranscodeProfile]) {
        self.segment = segment
        self.profiles = profiles
    }
}
