import Foundation
import SluiceMedia

/// How segments are transcoded on this machine.
struct TranscodeFileSettings: Hashable {
    /// As x264 names them, fast to slow.
    enum Preset: String, CaseIterable {
        case ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow
    }

    enum Encoder: String, CaseIterable {
        case auto, x264, nvenc
    }

    var threads: Int
    var preset: Preset
    var encoder: Encoder

    /// ## Configuration keys
    /// - `transcode.threads` (int, default 0, 0…256): segments worked on at once; 0 is one per core.
    /// - `transcode.preset` (x264 preset, default veryfast): faster costs quality, slower costs time.
    /// - `transcode.encoder` (auto | x264 | nvenc, default auto): auto takes NVENC where it opens.
    init(_ reader: inout SettingsReader) throws {
        let threads = try reader.int("transcode.threads", default: 0, in: 0...256)
        self.threads = threads == 0 ? ProcessInfo.processInfo.activeProcessorCount : threads
        preset = try reader.choice("transcode.preset", default: .veryfast)
        encoder = try reader.choice("transcode.encoder", default: .auto)
    }

    var session: TranscodeSession.Settings {
        let choice: EncoderChoice =
            switch encoder {
            case .auto: .automatic
            case .x264: .x264
            case .nvenc: .nvenc
            }
        return TranscodeSession.Settings(preset: preset.rawValue, encoder: choice)
    }
}
