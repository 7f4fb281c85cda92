internal import CFFmpeg

/// What is wrong with media bytes, or what FFmpeg refused to do; the text is for a person.
package struct MediaError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }

    init(_ doing: String, code: Int32) { self.init("\(doing): \(FFmpeg.text(of: code))") }
}

enum FFmpeg {
    /// Touch before the first use of FFmpeg: its log goes nowhere from then on.
    static let isSilenced: Bool = {
        sluice_ffmpeg_silence()
        return true
    }()

    static func text(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
            guard let base = text.baseAddress else { return "error \(code)" }
            text.initialize(repeating: 0)
            sluice_ffmpeg_error_text(code, base, text.count)
            return String(cString: base)
        }
    }

    static let ticks = AVRational(num: 1, den: 90_000)
}
