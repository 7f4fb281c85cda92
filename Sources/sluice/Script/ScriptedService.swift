import NIOCore
import SluiceNetwork
import SluiceSimulation
import SluiceTypes
import Synchronization

/// Makes renditions, once the script says that the work is done: of the source's own bytes, or with a studio of its pictures.
struct ScriptedService: TranscodeService {
    let capabilities = CapabilitySet(Capability.allCases)

    let orchestrator: Int
    let world: ScriptedWorld
    let pending: PendingRenditions
    var studio: ScriptedStudio?

    func transcode(_ job: SegmentJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        guard let attempt = ScriptedDoor.attempt else {
            return AsyncThrowingStream { throw SegmentFailure(.refused, "the script has no room for this segment") }
        }
        let events = Mutex<[SegmentEvent]?>(nil)
        return AsyncThrowingStream {
            if events.withLock({ $0 == nil }) {
                try await done(attempt)
                let made = try await made(job, attempt, session)
                events.withLock { $0 = made.reversed() }
            }
            return events.withLock { $0?.popLast() }
        }
    }

    private func done(_ attempt: ScriptedAttempt) async throws {
        do { try await attempt.reached(.transcoded) } catch let failure as LiveFailure {
            switch failure {
            case .busy: throw SegmentFailure(.busy, "OrchestratorBusy")
            case .capped: throw SegmentFailure(.busy, "OrchestratorCapped")
            case .broken, .tokenRefused, .halfAnswer, .wrongBytes: throw SegmentFailure(.transcodeFailed, "\(failure)")
            }
        }
    }

    private func made(_ job: SegmentJob, _ attempt: ScriptedAttempt, _ session: SessionID) async throws -> [SegmentEvent] {
        let filmed = try await studio?.renditions(of: job, showing: world.picture(of: orchestrator))
        var events: [SegmentEvent] = []
        for (place, profile) in job.profiles.enumerated() {
            guard profile.container == job.segment.container else {
                throw SegmentFailure(.transcodeFailed, "a scripted orchestrator makes no \(profile.container) of \(job.segment.container)")
            }
            pending.put(
                .init(attempt: attempt, place: place),
                at: RenditionPath(session: session, profile: profile, sequence: job.segment.sequence))
            let seconds = job.segment.duration / .seconds(1)
            let pixels = Int64(Double(profile.width * profile.height) * profile.assumedFrameRate * seconds)
            let own = filmed?[place]
            events.append(.renditionBytes(rendition: place, own?.bytes ?? Self.rendition(of: job.segment, profile)))
            events.append(.renditionComplete(rendition: place, facts: own?.facts ?? RenditionFacts(pixels: pixels)))
        }
        return events + [.finished]
    }

    /// Of a transport stream so many whole packets as the profile has room for; of anything else all.
    static func rendition(of segment: Segment, _ profile: TranscodeProfile) -> ByteBuffer {
        guard segment.container == .mpegTS else { return segment.bytes }
        let packet = 188
        let wanted = max(1, Int(Double(profile.bitrate) / 8 * (segment.duration / .seconds(1))) / packet)
        let length = min(wanted, segment.bytes.readableBytes / packet) * packet
        // A copy, so that the small one does not hold the large one in memory.
        return ByteBuffer(bytes: segment.bytes.getBytes(at: segment.bytes.readerIndex, length: length) ?? [])
    }

    func hasRoom(for session: SessionID?) -> Bool { true }

    func end(_ session: SessionID) async { world.end(session, at: orchestrator) }
}

/// Renditions that a result has named and nobody has fetched yet.
final class PendingRenditions: Sendable {
    struct Rendition: Sendable {
        let attempt: ScriptedAttempt
        let place: Int
    }

    /// All sessions of one orchestrator; a gateway fetches at once.
    static let byteLimit = 64 << 20
    private static let most = 4096

    private struct State {
        var renditions: [RenditionPath: Rendition] = [:]
        /// Oldest first; those that were taken are still in it.
        var order: [RenditionPath] = []
    }

    private let state = Mutex(State())

    func put(_ rendition: Rendition, at path: RenditionPath) {
        state.withLock { state in
            state.renditions[path] = rendition
            state.order.append(path)
            guard state.order.count > 2 * Self.most else { return }
            for old in state.order.prefix(Self.most) { state.renditions[old] = nil }
            state.order.removeFirst(Self.most)
        }
    }

    func take(_ path: RenditionPath) -> Rendition? { state.withLock { $0.renditions.removeValue(forKey: path) } }
}
