internal import CFFmpeg
import SluiceTypes

extension VideoCodec {
    var ffmpeg: AVCodecID {
        switch self {
        case .h264: AV_CODEC_ID_H264
        case .hevc: AV_CODEC_ID_HEVC
        case .av1: AV_CODEC_ID_AV1
        case .vp8: AV_CODEC_ID_VP8
        case .vp9: AV_CODEC_ID_VP9
        }
    }

    init?(_ codec: AVCodecID) {
        guard let match = Self.allCases.first(where: { $0.ffmpeg == codec }) else { return nil }
        self = match
    }
}

extension AudioCodec {
    var ffmpeg: AVCodecID {
        switch self {
        case .aac: AV_CODEC_ID_AAC
        case .opus: AV_CODEC_ID_OPUS
        case .mp3: AV_CODEC_ID_MP3
        }
    }

    init?(_ codec: AVCodecID) {
        guard let match = Self.allCases.first(where: { $0.ffmpeg == codec }) else { return nil }
        self = match
    }
}
