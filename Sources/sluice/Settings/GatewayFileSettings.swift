import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes
import SluiceWire

/// Everything a gateway can be told, from flag, environment, file and default.
struct GatewayFileSettings {
    var rtmp: ListenSettings
    var rtmpLimits: RTMPLimits
    var http: ListenSettings
    /// With them players get HTTP/2.
    var httpCertificate: CertificateFiles
    var admin: AdminSettings
    var listed: [ListedOrchestrator]
    /// Service URIs or host:port.
    var orchestrators: [String] { listed.map(\.address) }
    /// Where nobody is named, nor anybody who names others.
    var embedsOrchestrator: Bool { listed.isEmpty && market.webhook == nil && market.signer == nil }
    var gpuClasses: GPUClassTable
    var authWebhook: AuthWebhookSettings
    var identity: IdentitySettings
    var viewers: ViewerSettings
    var tenants: [TenantSettings]
    var record: RecordSettings
    var traces: TraceSettings
    var market: MarketSettings
    var transcode: TranscodeFileSettings
    var apps: AppDesk.Settings
    var role: GatewaySettings
    var liveVideo: LiveVideoStage.Settings

    static let defaultProfiles = "P240p30fps16x9,P360p30fps16x9"

    static func load(file: String?, flags: [String: String]) throws -> GatewayFileSettings {
        try SettingsSource(file: file, flags: flags).load().settings
    }

    /// ## Configuration keys
    /// Those of `ListenSettings` under `rtmp` (1935) and `http` (9935), those of `AdminSettings` (5935), `TranscodeFileSettings`, `ListedOrchestrator`,
    /// `AuthWebhookSettings`, `IdentitySettings`, `ViewerSettings`, `TenantSettings`, `RecordSettings`, `TraceSettings`, `MarketSettings`, and:
    /// - `http.certificate`, `http.key` (paths, default none): PEM; with them the port speaks TLS, and HTTP/2.
    /// - `rtmp.maxConnections` (int, default 2000, 1…100000) and `rtmp.maxConnectionsPerAddress` (int, default 1000, 1…100000).
    /// - `profiles` (preset names, default P240p30fps16x9,P360p30fps16x9; `none` for the source alone).
    /// - `gpuClasses` (path, default none): a table as `GPUClassFile` reads it, instead of the one that is built in.
    /// - `segmentTargetMs` (int, default 2000, 500…10000): wished-for segment length.
    /// - `maxStreams` (int, default 500, 1…10000).
    /// - `playlistWindow` (int, default 6, 3…60, or 0): segments listed in the playlists of MPEG-TS; 0 for no such playlists.
    /// - `playlistGrace` (int, default 1, 0…60): segments kept after they left the playlist.
    /// - `streamSegments` (on | off, default on): segments go to orchestrators that take them so while they are being cut.
    /// - `onMissWaitMs` (int, default 2000, 0…10000): how long `sla.onMiss: wait` waits.
    /// - `giveUpMs` (int, default 8000, 500…120000): from the cut of a segment to giving it up; never less than `patience` (number,
    ///   default 4, 1…60) times its duration.
    /// - `attempts` (int, default 3, 1…10): sendings of one segment that an orchestrator may have worked on.
    /// - those of `ServiceLevelSettings` under `sla`.
    /// - `maxInFlight` (int, default 4, 1…32) and `maxWaiting` (int, default 8, 1…64): segments per stream.
    /// - `pushIdleMs` (int, default 60000, 1000…3600000), `publisherTakeoverMs` (int, default 5000, 500…600000).
    /// - `pushReorderMs` (int, default 500, 0…10000): how long a pushed segment waits for those before it.
    /// - `lingerMs` (int, default 60000, 0…3600000): how long an ended stream's playlists stay.
    /// - `publisherLost.holdMs` (int, default 30000, 0…3600000): how long a stream goes on when its publisher vanished;
    ///   `publisherLost.show` (`still`, `gap` or `nothing`, default still): what low-latency viewers see meanwhile.
    /// - those of `LowLatencySettings` under `lowLatency` and of `LiveVideoStage.Settings` under `liveVideo`.
    /// - `apps.leaseMs` (int, default 120000, 1000…86400000): what a client's session at a runner lives that nobody uses.
    /// - `apps.answerMs` (int, default 300000, 100…3600000): how long a runner may think before it answers.
    init(_ reader: inout SettingsReader) throws {
        rtmp = try ListenSettings(&reader, prefix: "rtmp", port: 1935)
        var limits = RTMPLimits()
        limits.mostConnections = try reader.int("rtmp.maxConnections", default: limits.mostConnections, in: 1...100_000)
        limits.mostPerAddress = try reader.int("rtmp.maxConnectionsPerAddress", default: limits.mostPerAddress, in: 1...100_000)
        rtmpLimits = limits
        http = try ListenSettings(&reader, prefix: "http", port: 9935)
        httpCertificate = CertificateFiles(&reader, prefix: "http.")
        admin = try AdminSettings(&reader, port: 5935, knowsSigned: true)
        listed = try ListedOrchestrator.read(&reader)
        gpuClasses = try reader.text("gpuClasses").map(GPUClassFile.read) ?? GPUClassTable()
        authWebhook = try AuthWebhookSettings(&reader)
        identity = try IdentitySettings(&reader)
        viewers = try ViewerSettings(&reader, publishers: authWebhook)
        try identity.require(&reader, "admin.jwt", admin.takesSigned == .on)
        try identity.require(&reader, "viewers.auth", viewers.auth == .token)
        tenants = try TenantSettings.read(&reader)
        record = try RecordSettings(&reader)
        traces = try TraceSettings(&reader)
        market = try MarketSettings(&reader)
        transcode = try TranscodeFileSettings(&reader)
        var apps = AppDesk.Settings()
        apps.lease = try reader.milliseconds("apps.leaseMs", default: 120_000, in: 1000...86_400_000)
        apps.answerTime = try reader.milliseconds("apps.answerMs", default: 300_000, in: 100...3_600_000)
        self.apps = apps
        var role = GatewaySettings()
        role.profiles = try Self.profiles(&reader)
        role.segmentTarget = try reader.milliseconds("segmentTargetMs", default: 2000, in: 500...10_000)
        role.maxStreams = try reader.int("maxStreams", default: 500, in: 1...10_000)
        role.playlistWindow = try reader.window("playlistWindow", default: role.playlistWindow)
        role.playlistGrace = try reader.int("playlistGrace", default: 1, in: 0...60)
        role.streamsSegments = try reader.choice("streamSegments", default: Switch.on) == .on
        role.onMissWait = try reader.milliseconds("onMissWaitMs", default: 2000, in: 0...10_000)
        role.routing.shortestPatience = try reader.milliseconds("giveUpMs", default: 8000, in: 500...120_000).inSeconds
        role.routing.patience = try reader.double("patience", default: role.routing.patience, in: 1...60)
        role.routing.attempts = try reader.int("attempts", default: 3, in: 1...10)
        role.routing.serviceLevel = try ServiceLevelSettings.read(&reader)
        role.maxInFlight = try reader.int("maxInFlight", default: 4, in: 1...32)
        role.maxWaiting = try reader.int("maxWaiting", default: 8, in: 1...64)
        role.pushIdle = try reader.milliseconds("pushIdleMs", default: 60_000, in: 1000...3_600_000)
        role.pushReorder = try reader.milliseconds("pushReorderMs", default: 500, in: 0...10_000)
        role.takeoverAfter = try reader.milliseconds("publisherTakeoverMs", default: 5000, in: 500...600_000)
        role.linger = try reader.milliseconds("lingerMs", default: 60_000, in: 0...3_600_000)
        role.publisherHold = try reader.milliseconds("publisherLost.holdMs", default: 30_000, in: 0...3_600_000)
        role.absencePicture = try reader.choice("publisherLost.show", default: role.absencePicture)
        role.lowLatency = try LowLatencySettings.read(&reader)
        self.role = role
        liveVideo = try LiveVideoStage.Settings.read(&reader)
    }

    private static func profiles(_ reader: inout SettingsReader) throws -> [TranscodeProfile] {
        let text = reader.text("profiles", default: defaultProfiles)
        guard text != "none", !text.isEmpty else { return [] }
        do {
            return try ProfileText.parse(text)
        } catch {
            throw SettingsError(
                key: "profiles", value: text, source: reader.source(of: "profiles"), wish: error.description)
        }
    }
}
