import Foundation
import SluiceGateway
import SluiceRouting
import SluiceTypes

/// `/getBroadcastConfig`: the ceiling as a rational number in text, and the names of the renditions.
struct BroadcastConfiguration: Encodable, Sendable {
    var MaxPrice: String?
    var TranscodingOptions: String

    init(_ desk: Desk) {
        MaxPrice = desk.levels.node.maxPrice.map(Self.rational)
        TranscodingOptions = desk.table.settings.profiles.map(\.name).joined(separator: ",")
    }

    private enum CodingKeys: String, CodingKey { case MaxPrice, TranscodingOptions }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        // `null`, not left out.
        try container.encode(MaxPrice, forKey: .MaxPrice)
        try container.encode(TranscodingOptions, forKey: .TranscodingOptions)
    }

    /// As Go's `big.Rat` writes itself: `900`, or `3/4`.
    static func rational(_ value: Double) -> String {
        // Continued fractions: the simplest rational that is this price to twelve digits.
        guard value < 1e15 else { return String(format: "%.0f", value) }
        var (previous, top) = (0.0, 1.0)
        var (before, bottom) = (1.0, 0.0)
        var rest = value
        for _ in 0..<40 {
            let whole = rest.rounded(.down)
            (previous, top) = (top, whole * top + previous)
            (before, bottom) = (bottom, whole * bottom + before)
            if abs(top / bottom - value) <= value * 1e-12 || rest == whole { break }
            rest = 1 / (rest - whole)
        }
        return bottom == 1 ? String(format: "%.0f", top) : String(format: "%.0f/%.0f", top, bottom)
    }
}

/// `/getNetworkCapabilities`: who is known and what each can do.
struct NetworkCapabilities: Encodable, Sendable {
    struct Orchestrator: Encodable, Sendable {
        struct Price: Encodable, Sendable {
            var pricePerUnit: Int64
            var pixelsPerUnit: Int64
        }

        var address: String
        var local_address = ""
        var orch_uri: String
        var capabilities: [String: Int]
        var price_info: Price?
        var capabilities_prices: [String] = []
        var hardware: [String]
    }

    var capabilities_names: [String: String]
    var orchestrators: [Orchestrator]

    init(_ desk: Desk) {
        capabilities_names = Dictionary(uniqueKeysWithValues: Capability.allCases.map { ("\($0.rawValue)", Self.name($0)) })
        orchestrators = desk.directory.all.filter { $0.id != .embedded && $0.isReachable }.map { entry in
            Orchestrator(
                address: entry.operatorName ?? "", orch_uri: entry.id.rawValue,
                capabilities: Dictionary(
                    uniqueKeysWithValues: Capability.allCases.filter { entry.capabilities.contains($0) }.map { ("\($0.rawValue)", 1) }),
                price_info: entry.price.map { .init(pricePerUnit: $0.pricePerUnit, pixelsPerUnit: $0.pixelsPerUnit) },
                hardware: entry.gpu.map { [$0.model] } ?? [])
        }
    }

    /// The reference's words (captures/gw-cli.http).
    private static func name(_ capability: Capability) -> String {
        switch capability {
        case .h264: "H.264"
        case .liveVideoToVideo: "Live video to video"
        case .byoc: "byoc"
        case .mpegTS: "MPEGTS"
        case .mp4: "MP4"
        case .fractionalFrameRates: "Fractional framerates"
        case .storageDirect: "Storage direct"
        case .storageS3: "Storage S3"
        case .storageGCS: "Storage GCS"
        case .profileH264Baseline: "H264 Baseline profile"
        case .profileH264Main: "H264 Main profile"
        case .profileH264High: "H264 High profile"
        case .profileH264ConstrainedHigh: "H264 Constrained, Contained High profile"
        case .gop: "GOP"
        case .authToken: "Auth token"
        case .mpeg7Signature: "MPEG7 signature"
        case .hevcDecode: "HEVC decode"
        case .hevcEncode: "HEVC encode"
        case .vp8Decode: "VP8 decode"
        case .vp9Decode: "VP9 decode"
        case .vp8Encode: "VP8 encode"
        case .vp9Encode: "VP9 encode"
        case .h264Decode444Bits8: "H264 Decode YUV444 8-bit"
        case .h264Decode422Bits8: "H264 Decode YUV422 8-bit"
        case .h264Decode444Bits10: "H264 Decode YUV444 10-bit"
        case .h264Decode422Bits10: "H264 Decode YUV422 10-bit"
        case .h264Decode420Bits10: "H264 Decode YUV420 10-bit"
        case .segmentSlicing: "Segment slicing"
        }
    }
}
