package import SluiceTypes

/// How many units a job will come to, before it is done.
package enum FeeEstimate {
    /// The reference asks for a little more than it reckons (specs/transcoding-protocol §4.5).
    package static let margin = 1.02
    /// Frames a second where a profile keeps the source's rate, which is not known yet.
    package static let presumedFrameRate = 60

    /// Pixels of a segment in advance: Σ w·h·ceil(fps)·ceil(seconds) × 1.02.
    package static func pixels(_ profiles: [TranscodeProfile], seconds: Double) -> Double {
        let sum = profiles.reduce(0.0) { sum, profile in
            let rate = profile.frameRate.map { ($0.value).rounded(.up) } ?? Double(presumedFrameRate)
            return sum + Double(profile.width) * Double(profile.height) * rate * seconds.rounded(.up)
        }
        return sum * margin
    }

    /// Pixels of a second, without the margin: what a quote reckons with.
    package static func pixelsPerSecond(_ profiles: [TranscodeProfile]) -> Double {
        profiles.reduce(0.0) { sum, profile in
            let rate = profile.frameRate.map { ($0.value).rounded(.up) } ?? Double(presumedFrameRate)
            return sum + Double(profile.width) * Double(profile.height) * rate
        }
    }

    static func units(_ request: QuoteRequest, _ unit: WorkUnit) -> Double {
        switch unit {
        case .pixel: request.unitsPerSecond * request.duration.rounded(.up) * margin
        case .second: request.duration.rounded(.up)
        case .job: 1
        }
    }
}
