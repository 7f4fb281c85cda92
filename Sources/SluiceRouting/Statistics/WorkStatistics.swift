package import SluiceTypes

/// Work of about the same weight: one codec, output pixels per second within a factor of two.
package struct WorkClass: Hashable, Sendable, CustomStringConvertible {
    package let codec: VideoCodec
    /// Power of two of the output pixel rate.
    package let magnitude: Int

    package init(codec: VideoCodec, outputPixelRate: Double) {
        self.codec = codec
        self.magnitude = outputPixelRate >= 1 ? Int(outputPixelRate.exponent) : 0
    }

    package var description: String { "\(codec)/2^\(magnitude) px/s" }
}

/// Seconds that one sending took, phase by phase; `nil` what did not happen or was not seen.
package struct PhaseTimes: Hashable, Sendable {
    /// From sending to the early 200.
    package var upload: Double?
    /// From there to the word that the work is done: queue and transcode.
    package var work: Double?
    /// From there to the first byte of a rendition.
    package var firstByte: Double?
    /// From there to the last byte of the last.
    package var body: Double?
    /// From sending to the last byte of the last rendition.
    package var total: Double?

    package init(
        upload: Double? = nil, work: Double? = nil, firstByte: Double? = nil, body: Double? = nil, total: Double? = nil
    ) {
        self.upload = upload
        self.work = work
        self.firstByte = firstByte
        self.body = body
        self.total = total
    }
}

/// What was seen of one orchestrator at one class of work, from all streams. Times are kept per unit of `span`, so that short and
/// long segments speak of the same.
struct WorkStatistics: Sendable {
    struct Phase: Sendable {
        var peak = PeakAverage()
        var sketch = QuantileSketch()

        mutating func add(_ sample: Double?, at now: Moment, _ settings: RoutingSettings) {
            guard let sample else { return }
            peak.add(sample, at: now, span: settings.averageSpan)
            sketch.add(sample, at: now, halfLife: settings.sketchHalfLife)
        }
    }

    /// A segment costs about as much as half a second of media before its first frame (connection, session, container).
    private static let fixedSpan = 0.5
    static func span(of duration: Double) -> Double { duration + fixedSpan }

    private(set) var upload = Phase()
    private(set) var work = Phase()
    private(set) var firstByte = Phase()
    private(set) var body = Phase()
    private(set) var total = Phase()

    mutating func add(_ times: PhaseTimes, duration: Double, at now: Moment, _ settings: RoutingSettings) {
        let span = Self.span(of: duration)
        upload.add(times.upload.map { $0 / span }, at: now, settings)
        work.add(times.work.map { $0 / span }, at: now, settings)
        firstByte.add(times.firstByte.map { $0 / span }, at: now, settings)
        body.add(times.body.map { $0 / span }, at: now, settings)
        total.add(times.total.map { $0 / span }, at: now, settings)
    }
}

/// The gist of `WorkStatistics`, made anew with each sample: a decision reads this and not the sketches, which are twenty times as
/// large. Seconds per unit of span.
struct WorkOutlook: Sendable {
    let workClass: WorkClass
    private(set) var median = 0.0
    /// At the percentile of the node's service level.
    private(set) var atPercentile = 0.0
    /// At the quantile after which an answer is called late.
    private(set) var late = 0.0
    /// After which nearly every upload is through; `nil` while too little is known.
    private(set) var upload: Double?
    /// Samples by their weight when the last one came.
    private(set) var samples = 0.0
    private(set) var lastSample: Moment?

    private static let leastUploads = 5.0

    init(_ workClass: WorkClass) { self.workClass = workClass }

    mutating func update(from statistics: WorkStatistics, at now: Moment, hasTotal: Bool, _ settings: RoutingSettings) {
        let quantiles = statistics.total.sketch.quantiles(0.5, settings.serviceLevel.percentile, settings.hedgeQuantile)
        (median, atPercentile, late) = quantiles
        samples = statistics.total.sketch.count
        let uploads = statistics.upload.sketch
        upload = uploads.count >= Self.leastUploads ? uploads.quantiles(0.5, 0.9, 0.99).2 : nil
        if hasTotal { lastSample = now }
    }
}
