extension TranscodeProfile {
    /// The real size of the rendition: the longer side asked for is kept, the other follows the source's aspect, both even
    /// (specs/transcoding-protocol §4.5). A source of unknown size gives what was asked for.
    package func outputSize(sourceWidth: Int, sourceHeight: Int) -> (width: Int, height: Int) {
        guard sourceWidth > 0, sourceHeight > 0 else { return (width, height) }
        let long = max(width, height)
        func even(_ value: Double) -> Int { max(2, Int((value / 2).rounded()) * 2) }
        if sourceWidth >= sourceHeight {
            return (even(Double(long)), even(Double(long) * Double(sourceHeight) / Double(sourceWidth)))
        }
        return (even(Double(long) * Double(sourceWidth) / Double(sourceHeight)), even(Double(long)))
    }
}
