internal import CFFmpeg
internal import SluiceTypes

/// Which encoder makes the renditions.
package enum EncoderChoice: String, Hashable, Sendable, CaseIterable {
    /// NVENC where it opens, else x264.
    case automatic
    case x264, nvenc
}

/// Finds out by trying.
package enum EncoderProbe {
    /// What `choice` comes to on this machine: `x264` or `nvenc`.
    ///
    /// - Throws: when NVENC is asked for and does not open; the text says why.
    package static func resolve(_ choice: EncoderChoice) throws(MediaError) -> EncoderChoice {
        switch choice {
        case .x264: return .x264
        case .nvenc:
            try open(.nvenc)
            return .nvenc
        case .automatic: return automatic
        }
    }

    /// Tried once per process.
    package static let automatic: EncoderChoice = {
        do throws(MediaError) {
            try open(.nvenc)
            return .nvenc
        } catch {
            return .x264
        }
    }()

    /// - Throws: when an encoder of that kind does not open; the text says why.
    package static func open(_ choice: EncoderChoice) throws(MediaError) {
        let profile = TranscodeProfile(name: "probe", width: 320, height: 240, bitrate: 200_000)
        do throws(SegmentFailure) {
            _ = try FrameEncoder(
                profile: profile, width: 320, height: 240, rate: Rational(30), globalHeader: false, encoder: choice,
                preset: "veryfast")
        } catch {
            throw MediaError("\(choice.rawValue) does not open here: \(error.detail)")
        }
    }
}
