import Foundation
import SluiceGateway
import SluiceTypes
import SluiceWire

/// `/status` as the reference answers it (specs/gateway-surface §10.2), together with our own fields, whose names are in lower case.
struct ReferenceStatus: Encodable, Sendable {
    private let status: GatewayStatus
    private let rest: Rest

    init(_ desk: Desk) {
        status = desk.table.status(route: desk.route)
        rest = Rest(desk)
    }

    func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        try rest.encode(to: encoder)
    }

    private struct Rest: Encodable {
        struct Bytes: Encodable {
            var SourceBytes: Int
            var TranscodedBytes: Int
        }

        struct Orchestrator: Encodable {
            var Url: String
            /// Those of a list are all trusted (§11).
            var Score: Double
            /// Nanoseconds.
            var Latency: Int64?

            enum CodingKeys: String, CodingKey { case Url, Score, Latency }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(Url, forKey: .Url)
                try container.encode(Score, forKey: .Score)
                // `null`, not left out.
                try container.encode(Latency, forKey: .Latency)
            }
        }

        var Manifests: [String: Manifest]
        /// No other name leads to a stream than its own.
        var InternalManifests: [String: String] = [:]
        var StreamInfo: [String: Bytes]
        var OrchestratorPool: [String]
        var OrchestratorPoolInfos: [Orchestrator]
        var Version = Sluice.version
        /// What scripts compare with; there is no Go in here.
        var GolangRuntimeVersion = ""
        var GOArch: String
        var GOOS: String
        var RegisteredTranscodersNumber = 0
        var RegisteredTranscoders: [String] = []
        var LocalTranscoding: Bool
        var BroadcasterPrices: [String: String] = [:]

        init(_ desk: Desk) {
            let summaries = desk.table.summaries
            let length = desk.table.settings.playlistWindow
            Manifests = Dictionary(summaries.map { ($0.listing.id.rawValue, Manifest($0, length: length)) }) { first, _ in first }
            StreamInfo = Dictionary(
                summaries.map {
                    ($0.listing.id.rawValue, Bytes(SourceBytes: $0.listing.sourceBytes, TranscodedBytes: $0.listing.renditionBytes))
                }
            ) { first, _ in first }
            let entries = Dictionary(desk.directory.all.map { ($0.id, $0) }) { first, _ in first }
            let listed = desk.roster.entries.filter { $0.id != .embedded }
            OrchestratorPool = listed.map(\.id.rawValue)
            OrchestratorPoolInfos = listed.map { one in
                Orchestrator(
                    Url: one.id.rawValue, Score: 1, Latency: entries[one.id]?.roundTrip.map { Int64(min($0, 1e9) * 1e9) })
            }
            LocalTranscoding = desk.roster.entry(.embedded) != nil
            #if arch(x86_64)
                GOArch = "amd64"
            #elseif arch(arm64)
                GOArch = "arm64"
            #else
                GOArch = "unknown"
            #endif
            #if os(Linux)
                GOOS = "linux"
            #elseif os(macOS)
                GOOS = "darwin"
            #else
                GOOS = "unknown"
            #endif
        }
    }

    /// The reference's playlist objects, as its library for them prints them (m3u8 v0.11.1).
    struct Manifest: Encodable {
        struct Variant: Encodable {
            var URI: String
            var Chunklist: Chunks
            var ProgramId = 0
            var Bandwidth: Int
            var Codecs = ""
            var Resolution: String
            var Audio = ""
            var Video = ""
            var Subtitles = ""
            var Captions = ""
            var Name = ""
            var Iframe = false
            var Alternatives: [String]?
        }

        struct Chunks: Encodable {
            var TargetDuration: Double
            var SeqNo: Int64
            /// As many as the window has room for; `null` where nothing stands yet.
            var Segments: [Segment?]
            var Args = ""
            var Iframe = false
            var Live = true
            var MediaType = 0
        }

        struct Segment: Encodable {
            var SeqId: Int64
            var Title = ""
            var URI: String
            var Duration: Double
            var Limit = 0
            var Offset = 0
            var Discontinuity: Bool
        }

        var Variants: [Variant]
        var Args = ""
        var CypherVersion = ""

        init(_ summary: StreamSummary, length: Int) {
            let id = summary.listing.id.rawValue
            Variants = summary.listing.variants.filter { $0.published > 0 || $0.name == "source" }.map { variant in
                let segments = variant.entries.map { entry in
                    Segment(
                        SeqId: entry.sequence.rawValue,
                        URI: "/stream/\(id)/\(variant.name)/\(variant.window.name(of: entry))",
                        Duration: entry.duration.inSeconds, Discontinuity: entry.startsDiscontinuity)
                }
                let longest = variant.entries.map(\.duration.inSeconds).max() ?? 0
                let bytes = variant.entries.reduce(0) { $0 + $1.byteCount }
                let seconds = variant.entries.reduce(0) { $0 + $1.duration.inSeconds }
                let preset = TranscodePresets.all[variant.name]
                return Variant(
                    URI: "\(id)/\(variant.name).m3u8",
                    Chunklist: Chunks(
                        TargetDuration: longest.rounded(), SeqNo: variant.window.mediaSequence,
                        Segments: segments + Array(repeating: nil, count: max(0, length - segments.count))),
                    Bandwidth: preset?.bitrate ?? (seconds > 0 ? Int(Double(bytes) * 8 / seconds) : 0),
                    Resolution: variant.width.flatMap { width in variant.height.map { "\(width)x\($0)" } } ?? "")
            }
        }
    }
}
