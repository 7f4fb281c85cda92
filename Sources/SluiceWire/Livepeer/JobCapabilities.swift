package import SluiceTypes

/// The bits a job needs of an orchestrator (specs/transcoding-protocol §5.3).
package enum JobCapabilities {
    /// - Parameters:
    ///   - input: codec of the source; unknown counts as H.264.
    ///   - isPushed: streams that come by HTTP push always ask for slicing, as the reference does.
    package static func of(profiles: [TranscodeProfile], input: VideoCodec?, isPushed: Bool) -> CapabilitySet {
        var needed = CapabilitySet()
        needed.insert(.authToken)
        needed.insert(decoder(of: input ?? .h264))
        if isPushed { needed.insert(.segmentSlicing) }
        for profile in profiles { add(profile, to: &needed) }
        return needed
    }

    package static func of(_ job: SegmentJob, isPushed: Bool) -> CapabilitySet {
        of(profiles: job.profiles, input: job.segment.video?.codec, isPushed: isPushed || job.slice != nil)
    }

    private static func decoder(of codec: VideoCodec) -> Capability {
        switch codec {
        // AV1 has no number on this network: the orchestrator finds out from the media.
        case .h264, .av1: .h264
        case .hevc: .hevcDecode
        case .vp8: .vp8Decode
        case .vp9: .vp9Decode
        }
    }

    private static func add(_ profile: TranscodeProfile, to needed: inout CapabilitySet) {
        needed.insert(profile.container == .mp4 ? .mp4 : .mpegTS)
        switch profile.codec {
        case .h264, .av1: needed.insert(.h264)
        case .hevc: needed.insert(.hevcEncode)
        case .vp8: needed.insert(.vp8Encode)
        case .vp9: needed.insert(.vp9Encode)
        }
        if let rate = profile.frameRate, rate.denominator > 1 { needed.insert(.fractionalFrameRates) }
        switch profile.h264Profile {
        case .encoderDefault: break
        case .baseline: needed.insert(.profileH264Baseline)
        case .main: needed.insert(.profileH264Main)
        case .high: needed.insert(.profileH264High)
        case .constrainedHigh: needed.insert(.profileH264ConstrainedHigh)
        }
        if profile.keyFrames != .automatic { needed.insert(.gop) }
    }
}
