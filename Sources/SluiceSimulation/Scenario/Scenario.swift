/// A modelled world: who publishes, who sells, what goes wrong and when. Read from `config/scenarios/*.yaml`.
///
/// Times are seconds of virtual time from the start of the run unless the name says otherwise.
package struct Scenario: Sendable {
    package var name: String
    /// One line for a person.
    package var about: String
    package var duration: Double
    package var gateways: Int
    /// Streams of all gateways together, dealt out in turn.
    package var streams: [StreamGroup]
    package var orchestrators: [OrchestratorModel]
    /// The time of a gateway's own uplink is shared by all its uploads; `nil` is unlimited.
    package var uplinkBitsPerSecond: Double?

    /// Whether anybody must make real pictures for it.
    package var hasPictureFaults: Bool {
        orchestrators.contains { model in
            model.faults.contains { if case .pictures = $0.kind { true } else { false } }
        }
    }

    package init(
        name: String, about: String = "", duration: Double = 600, gateways: Int = 1, streams: [StreamGroup],
        orchestrators: [OrchestratorModel], uplinkBitsPerSecond: Double? = nil
    ) {
        self.name = name
        self.about = about
        self.duration = duration
        self.gateways = gateways
        self.streams = streams
        self.orchestrators = orchestrators
        self.uplinkBitsPerSecond = uplinkBitsPerSecond
    }
}

/// Streams that are alike.
package struct StreamGroup: Sendable {
    package var count: Int
    /// Seconds of media in a segment, 0.5 to 10.
    package var segmentDuration: Double
    package var renditions: [RenditionModel]
    /// Bits per second of the source.
    package var bitrate: Double
    /// When the first of them starts, and over how many seconds the others follow.
    package var start: Double
    package var startsOver: Double
    /// When they end; `nil`: with the run.
    package var end: Double?

    package struct RenditionModel: Hashable, Sendable {
        package var width: Int
        package var height: Int
        package var frameRate: Double
        package var bitrate: Double

        package init(width: Int, height: Int, frameRate: Double, bitrate: Double) {
            self.width = width
            self.height = height
            self.frameRate = frameRate
            self.bitrate = bitrate
        }
    }

    package init(
        count: Int, segmentDuration: Double = 2,
        renditions: [RenditionModel] = [
            .init(width: 640, height: 360, frameRate: 30, bitrate: 800_000),
            .init(width: 426, height: 240, frameRate: 30, bitrate: 400_000),
        ],
        bitrate: Double = 2_000_000, start: Double = 0, startsOver: Double = 2, end: Double? = nil
    ) {
        self.count = count
        self.segmentDuration = segmentDuration
        self.renditions = renditions
        self.bitrate = bitrate
        self.start = start
        self.startsOver = startsOver
        self.end = end
    }

    /// Pixels of all renditions together, per second of media.
    package var outputPixelRate: Double {
        renditions.reduce(0) { $0 + Double($1.width * $1.height) * $1.frameRate }
    }
}

/// One orchestrator, or (`count`) several that are alike and are named `name-1`, `name-2` …
package struct OrchestratorModel: Sendable {
    package var name: String
    package var count: Int
    package var operatorName: String?
    package var region: String?
    /// As the gateway is told; `nil` when it must find out. See `GPUClassTable` for the class.
    package var gpu: String?
    /// Wei per pixel.
    package var price: Double
    package var service: ServiceModel
    package var network: NetworkModel
    package var faults: [FaultModel]
    /// Load from elsewhere, as a share of the service speed taken away at the top of the curve; 0 to 0.95.
    package var diurnalLoad: Double
    /// Length of the curve in seconds; it begins at its bottom.
    package var diurnalPeriod: Double

    package init(
        name: String, count: Int = 1, operatorName: String? = nil, region: String? = nil, gpu: String? = nil, price: Double = 0,
        service: ServiceModel = .init(), network: NetworkModel = .init(), faults: [FaultModel] = [], diurnalLoad: Double = 0,
        diurnalPeriod: Double = 86_400
    ) {
        self.name = name
        self.count = count
        self.operatorName = operatorName
        self.region = region
        self.gpu = gpu
        self.price = price
        self.service = service
        self.network = network
        self.faults = faults
        self.diurnalLoad = diurnalLoad
        self.diurnalPeriod = diurnalPeriod
    }
}

/// How long an orchestrator works on a segment, and how much at once (specs/selection-and-reliability A13).
package struct ServiceModel: Hashable, Sendable {
    /// Pixels encoded per second by one lane, all renditions together. 150 M: about ten times real time for 360p30 + 240p30.
    package var pixelsPerSecond: Double
    /// Seconds a segment costs besides its pixels.
    package var fixed: Double
    /// Spread of the work time: standard deviation of its logarithm.
    package var jitter: Double
    /// Share of segments that take `tailFactor` times as long.
    package var tailShare: Double
    package var tailFactor: Double
    /// Extra seconds of the first segment of a session (GPU session start).
    package var coldStart: Double
    /// Segments worked on at the same time, over all sessions; those of one session run one after another.
    package var lanes: Int
    /// Sessions taken; the next one is refused with `OrchestratorCapped`.
    package var sessions: Int
    /// Segments of one session that may wait; the next one is refused with `OrchestratorBusy`.
    package var queuedPerSession: Int
    /// Recorded work times, in seconds per pixel encoded. Where there are any, the work of a segment is one of them, drawn by chance,
    /// times its pixels; speed, fixed seconds, jitter and tail above are then a fit of them and not used.
    package var recorded: [Double]

    package init(
        pixelsPerSecond: Double = 150_000_000, fixed: Double = 0.04, jitter: Double = 0.15, tailShare: Double = 0.005,
        tailFactor: Double = 5, coldStart: Double = 0.3, lanes: Int = 8, sessions: Int = 1000, queuedPerSession: Int = 4,
        recorded: [Double] = []
    ) {
        self.pixelsPerSecond = pixelsPerSecond
        self.fixed = fixed
        self.jitter = jitter
        self.tailShare = tailShare
        self.tailFactor = tailFactor
        self.coldStart = coldStart
        self.lanes = lanes
        self.sessions = sessions
        self.queuedPerSession = queuedPerSession
        self.recorded = recorded
    }
}

/// The way between gateway and orchestrator.
package struct NetworkModel: Hashable, Sendable {
    /// Seconds there and back.
    package var roundTrip: Double
    /// Standard deviation of its logarithm.
    package var jitter: Double
    /// Bits per second, each way, shared by the transfers under way.
    package var bandwidth: Double
    /// Share of transfers that meet loss and wait for a retransmission (one more 200 ms + round trip); 0 to 1.
    package var loss: Double
    /// Recorded round trips in seconds. Where there are any, that of an attempt is one of them, drawn by chance; the round trip and the
    /// jitter above are then a fit of them, used for information calls alone.
    package var recorded: [Double]

    package init(
        roundTrip: Double = 0.02, jitter: Double = 0.1, bandwidth: Double = 200_000_000, loss: Double = 0,
        recorded: [Double] = []
    ) {
        self.roundTrip = roundTrip
        self.jitter = jitter
        self.bandwidth = bandwidth
        self.loss = loss
        self.recorded = recorded
    }
}

/// Something that goes wrong with one orchestrator, once or again and again.
package struct FaultModel: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Nothing moves; work and transfers go on afterwards where they stopped.
        case stall
        /// Every connection breaks and new ones are refused; sessions are forgotten.
        case crash
        /// Crashes as soon as it is in this stage of a segment, after the fault has begun.
        case crashDuring(Stage)
        /// Everything takes this many times as long; above 1.
        case slow(factor: Double)
        /// `OrchestratorBusy` to every new segment.
        case busy
        /// `OrchestratorCapped` to every new session, at discovery too.
        case capped
        /// Answers end after the first rendition, in this share of segments.
        case halfAnswer(share: Double)
        /// Renditions that are not media, in this share of segments; found out by the gateway on arrival.
        case wrongBytes(share: Double)
        /// The price is multiplied.
        case price(factor: Double)
        /// Tokens are refused until the session is opened anew.
        case refuseTokens
        /// The network loses this share of transfers.
        case loss(share: Double)
        /// Renditions are media, in time, and not what was asked for: found out by who decodes them. Only on the real wire; a simulated
        /// rendition has no pictures.
        case pictures(Picture)
    }

    package enum Picture: String, Hashable, Sendable, CaseIterable {
        /// Nothing but black.
        case black
        /// The first picture all the time.
        case frozen
        /// Another picture than the source's.
        case wrong
        /// A tenth of the bitrate that was asked for.
        case thin
    }

    package enum Stage: String, Hashable, Sendable, CaseIterable { case upload, transcode, download }

    package var kind: Kind
    /// When it first begins.
    package var at: Double
    /// How long it lasts; `nil`: to the end.
    package var lasts: Double?
    /// From one beginning to the next; `nil`: once.
    package var every: Double?

    package init(_ kind: Kind, at: Double, lasts: Double? = nil, every: Double? = nil) {
        self.kind = kind
        self.at = at
        self.lasts = lasts
        self.every = every
    }
}
