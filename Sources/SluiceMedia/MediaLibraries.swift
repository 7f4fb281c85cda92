import CFFmpeg

/// The libraries of FFmpeg that this program runs with, which need not be those that it was built with.
package enum MediaLibraries {
    package struct Library: Hashable, Sendable {
        package var name: String
        package var version: String
        /// Whether it has the major version that this program was built with; another has other structures.
        package var isAsBuilt: Bool
    }

    package static var libraries: [Library] {
        [
            library("libavformat", avformat_version(), LIBAVFORMAT_VERSION_MAJOR),
            library("libavcodec", avcodec_version(), LIBAVCODEC_VERSION_MAJOR),
            library("libavutil", avutil_version(), LIBAVUTIL_VERSION_MAJOR),
            library("libswscale", swscale_version(), LIBSWSCALE_VERSION_MAJOR),
        ]
    }

    /// Whether libavcodec has an encoder of this name; whether it opens on this machine is another question (`EncoderChoice`).
    package static func hasEncoder(_ name: String) -> Bool { avcodec_find_encoder_by_name(name) != nil }
    package static func hasDecoder(_ name: String) -> Bool { avcodec_find_decoder_by_name(name) != nil }

    private static func library(_ name: String, _ version: UInt32, _ built: Int32) -> Library {
        Library(
            name: name, version: "\(version >> 16).\(version >> 8 & 255).\(version & 255)", isAsBuilt: version >> 16 == UInt32(built))
    }
}
