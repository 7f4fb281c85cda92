package import SluiceTypes

/// One finished attempt of a live gateway; a line of a trace file.
///
/// Times are seconds. Of the four spans those after the point where an attempt failed are `nil`.
package struct TraceRecord: Codable, Hashable, Sendable {
    /// As `SegmentFailure.Reason`, told apart as far as a replay needs it.
    package enum Failure: String, Codable, Hashable, Sendable {
        case unreachable, timedOut, busy, capped, sessionRefused, refused, mediaUnusable, protocolViolation, transcodeFailed, cancelled

        package init(_ failure: SegmentFailure) {
            self =
                switch failure.reason {
                case .unreachable: .unreachable
                case .timedOut: .timedOut
                case .busy: failure.detail.contains("Capped") ? .capped : .busy
                case .sessionRefused: .sessionRefused
                case .refused: .refused
                case .mediaUnusable: .mediaUnusable
                case .protocolViolation: .protocolViolation
                case .transcodeFailed: .transcodeFailed
                case .cancelled: .cancelled
                }
        }
    }

    /// When the attempt was sent, from the beginning of the recording.
    package var moment: Double
    package var stream: String
    package var sequence: Int64
    package var orchestrator: String
    /// Of the source segment.
    package var bytes: Int
    /// Of the media.
    package var duration: Double
    /// Pixels of all renditions, per second of media.
    package var pixelRate: Double
    package var renditions: Int
    /// From sending to the early 200.
    package var upload: Double?
    /// From there to the end of the work, the wait in the orchestrator's queue included.
    package var work: Double?
    /// From there to the first byte of any rendition.
    package var firstByte: Double?
    /// From there to the last byte of the last rendition.
    package var body: Double?
    package var failure: Failure?
    /// Wei per pixel.
    package var price: Double

    package init(
        moment: Double, stream: StreamID, sequence: SegmentSequence, orchestrator: OrchestratorID, bytes: Int, duration: Double,
        pixelRate: Double, renditions: Int, upload: Double? = nil, work: Double? = nil, firstByte: Double? = nil,
        body: Double? = nil, failure: Failure? = nil, price: Double = 0
    ) {
        self.moment = moment
        self.stream = stream.rawValue
        self.sequence = sequence.rawValue
        self.orchestrator = orchestrator.rawValue
        self.bytes = bytes
        self.duration = duration
        self.pixelRate = pixelRate
        self.renditions = renditions
        self.upload = upload
        self.work = work
        self.firstByte = firstByte
        self.body = body
        self.failure = failure
        self.price = price
    }

    /// What makes it impossible; `nil` when nothing does.
    var fault: String? {
        let spans = [upload, work, firstByte, body].compactMap { $0 }
        if !(0...1e9).contains(moment) { return "moment \(moment) is not from 0 to 1e9 seconds" }
        if !(0.001...3600).contains(duration) { return "duration \(duration) is not from 0.001 to 3600 seconds" }
        if bytes < 0 { return "bytes \(bytes) is negative" }
        if !(0...1e12).contains(pixelRate) { return "pixelRate \(pixelRate) is not from 0 to 1e12" }
        if !(0...100).contains(renditions) { return "renditions \(renditions) is not from 0 to 100" }
        if !(0...1e12).contains(price) { return "price \(price) is not from 0 to 1e12 wei per pixel" }
        if let span = spans.first(where: { !(0...3600).contains($0) }) { return "\(span) seconds are not from 0 to 3600" }
        if stream.isEmpty || orchestrator.isEmpty { return "stream and orchestrator must have names" }
        return nil
    }
}
