import Foundation
import NIOPosix
import SluiceGateway
import SluiceRouting
import SluiceSimulation
import SluiceTypes
import Synchronization

/// What another service level would do: the world as this gateway measured it, in the simulator for some minutes of virtual time, once
/// as it is promised and once as it might be. The very code that routes decides in both.
struct WhatIf: Sendable {
    struct Figures: Codable, Hashable, Sendable {
        var segments: Int
        /// Past the deadline, or never.
        var lateShare: Double
        var p50Ms: Double
        var p95Ms: Double
        /// Wei for a thousand segments.
        var costPerThousandWei: Double
        /// Attempts beyond one for each segment, as a share.
        var extraWork: Double
        /// Share of the segments by orchestrator, those who get any.
        var shares: [String: Double]
    }

    struct Outcome: Codable, Sendable {
        var now: Figures
        var then: Figures
        /// What a person should know before reading the figures.
        var notes: [String]
    }

    enum Result: Sendable {
        case compared(Outcome)
        /// Nothing was measured yet, or other questions are being answered.
        case unknown(String)
    }

    struct Answer: Encodable, Sendable {
        var isKnown: Bool
        /// Why not.
        var reason: String?
        /// Whether anybody keeps it.
        var check: ServiceLevelAnswer.Check
        var now: Figures?
        var then: Figures?
        var notes: [String]

        init(check: ServiceLevelAnswer.Check, outcome: Result) {
            self.check = check
            switch outcome {
            case .compared(let outcome):
                (isKnown, now, then, notes) = (true, outcome.now, outcome.then, outcome.notes)
            case .unknown(let why): (isKnown, reason, notes) = (false, why, [])
            }
        }
    }

    /// A slider asks several times a second; each answer costs some tens of milliseconds of a core.
    private static let mostSegments = 1200.0
    private static let mostStreams = 24
    private static let mostOrchestrators = 200
    /// Seconds.
    private static let longest = 600.0
    private static let shortest = 60.0
    /// Questions answered at the same time.
    private static let mostAtOnce = 2
    private static let underWay = Atomic<Int>(0)

    let reports: [OrchestratorReport]
    let streams: [GatewayStatus.Stream]
    let routing: RoutingSettings

    func compare(_ present: ServiceLevel, _ proposed: ServiceLevel) async -> Result {
        guard Self.underWay.add(1, ordering: .relaxed).newValue <= Self.mostAtOnce else {
            Self.underWay.subtract(1, ordering: .relaxed)
            return .unknown("other questions are being answered; ask again")
        }
        defer { Self.underWay.subtract(1, ordering: .relaxed) }
        do {
            return .compared(
                try await NIOThreadPool.singleton.runIfActive {
                    let live = try scenario()
                    let now = try run(live.scenario, present)
                    let then = present == proposed ? now : try run(live.scenario, proposed)
                    return Outcome(now: now, then: then, notes: live.notes)
                })
        } catch { return .unknown("\(error)") }
    }

    private func scenario() throws -> LiveScenario {
        let living = streams.filter(\.isLive).prefix(Self.mostStreams)
        let busiest = reports.sorted { ($0.streams, $0.inFlight, $0.id) > ($1.streams, $1.inFlight, $1.id) }.prefix(Self.mostOrchestrators)
        let status = GatewayStatus(streams: Array(living), orchestrators: [])
        var live = try LiveScenario(name: "this gateway", Array(busiest), status, duration: Self.longest)
        // As long as gives so many segments, so that many streams cost no more than one.
        let perSecond = live.scenario.streams.reduce(0.0) { $0 + Double($1.count) / $1.segmentDuration }
        let seconds = min(Self.longest, max(Self.shortest, Self.mostSegments / max(perSecond, 0.1)))
        live.shorten(to: seconds.rounded())
        return live
    }

    private func run(_ scenario: Scenario, _ level: ServiceLevel) throws -> Figures {
        var settings = routing
        settings.serviceLevel = level
        let simulation = try Simulation(
            scenario, settings: RunSettings(playoutBudget: level.playoutBudget, timelineStreams: 0, timelineSegments: 0),
            gpu: { GPUClassTable().gpu(model: $0) ?? GPU(vendor: "", model: $0, gpuClass: GPUClass($0)) })
        let figures = simulation.run(seed: 1) { _, seed in RouterPolicy(settings: settings, seed: seed) }.figures
        let segments = Double(max(1, figures.segments))
        return Figures(
            segments: figures.segments, lateShare: Double(figures.misses) / segments, p50Ms: figures.p50Ms.tenths,
            p95Ms: figures.p95Ms.tenths,
            costPerThousandWei: (figures.cost / segments * 1000).rounded(), extraWork: figures.extraWork,
            shares: figures.load.filter { $0.value > 0 }.mapValues { (Double($0) / segments).thousandths })
    }
}
