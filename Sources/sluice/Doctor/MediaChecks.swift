import SluiceMedia

/// The libraries, and what encodes on this machine.
struct MediaChecks: Sendable {
    let transcode: TranscodeFileSettings
    /// Whether this machine does the transcoding itself.
    let embeds: Bool

    var findings: [Finding] {
        let libraries = MediaLibraries.libraries
        let words = libraries.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        let strange = libraries.filter { !$0.isAsBuilt }
        var findings: [Finding] = [
            strange.isEmpty
                ? .good("libraries", words)
                : .fault(
                    "libraries", "\(words): \(strange.map(\.name).joined(separator: ", ")) is not the major version this was built with",
                    "build it again on this machine, or install the FFmpeg packages it was built with")
        ]
        let decoders = ["h264", "aac"].filter { !MediaLibraries.hasDecoder($0) }
        if !decoders.isEmpty {
            findings.append(.fault("libraries", "no decoder for \(decoders.joined(separator: ", "))", "install Debian's own libavcodec"))
        }
        for (choice, name) in [(EncoderChoice.x264, "libx264"), (.nvenc, "h264_nvenc")] { findings.append(encoder(choice, name)) }
        return findings
    }

    private func encoder(_ choice: EncoderChoice, _ name: String) -> Finding {
        let isWanted = embeds && (choice == .x264 ? transcode.encoder == .x264 : transcode.encoder == .nvenc)
        do {
            try EncoderProbe.open(choice)
            return .good("encoders", "\(name) opens")
        } catch {
            let remedy =
                choice == .x264
                ? "install a libavcodec with libx264: apt-get install libavcodec-extra, or Debian's own"
                : "an NVIDIA chip with an encoder, its driver, and a libavcodec with NVENC; or transcode.encoder: x264"
            if isWanted { return .fault("encoders", "\(name) does not open: \(error)", remedy) }
            return .note(
                "encoders", "\(name) does not open: \(error)", embeds ? remedy : "nothing: orchestrators transcode, not this machine")
        }
    }
}
