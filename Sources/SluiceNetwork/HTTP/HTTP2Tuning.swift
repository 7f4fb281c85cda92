import NIOCore
import NIOHTTP2

/// HTTP/2 settings for video: windows as large as a segment, and peers that send many PINGs (specs/swift-feasibility §4.2, §6).
enum HTTP2Tuning {
    static var server: NIOHTTP2Handler.Configuration { tuned(streams: 256) }
    static var client: NIOHTTP2Handler.Configuration { tuned(streams: 256) }

    private static func tuned(streams: Int) -> NIOHTTP2Handler.Configuration {
        var configuration = NIOHTTP2Handler.Configuration()
        // Go's peers probe the path with PINGs while data flows; the default of 200 in 30 s kills the connection.
        configuration.connection.controlFrameRateLimit.maximumCount = 10_000
        configuration.connection.targetWindowSize = 16 << 20
        configuration.stream.targetWindowSize = 4 << 20
        configuration.stream.outboundBufferSizeHighWatermark = 256 << 10
        configuration.connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streams),
            HTTP2Setting(parameter: .initialWindowSize, value: 4 << 20),
            // Segment credentials with many profiles and storage policies run to several KiB (§3.1).
            HTTP2Setting(parameter: .maxHeaderListSize, value: 64 << 10),
        ]
        return configuration
    }
}
