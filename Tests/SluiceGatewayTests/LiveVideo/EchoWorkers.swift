import NIOCore
import SluiceTypes
import Synchronization

/// Workers that give the source back as it is, in this process: one behind each orchestrator. They can be killed and made silent.
final class EchoWorkers: LiveVideoTransport {
    private struct Session {
        let orchestrator: OrchestratorID
        let segments: AsyncThrowingStream<AsyncThrowingStream<ByteBuffer, any Error>, any Error>.Continuation
        var open: AsyncThrowingStream<ByteBuffer, any Error>.Continuation?
    }

    private struct State {
        var sessions: [Int: Session] = [:]
        var made = 0
        var dead: Set<OrchestratorID> = []
        var silent: Set<OrchestratorID> = []
        var starts: [OrchestratorID] = []
        var words: [(OrchestratorID, String)] = []
        var ends: [OrchestratorID] = []
        var refusals: [OrchestratorID: SegmentFailure] = [:]
    }

    private let state = Mutex(State())
    /// They put all they have into one segment, which never ends.
    private let isEndless: Bool

    init(isEndless: Bool = false) { self.isEndless = isEndless }

    var starts: [OrchestratorID] { state.withLock { $0.starts } }
    var ends: [OrchestratorID] { state.withLock { $0.ends } }
    func words(at orchestrator: OrchestratorID) -> [String] { state.withLock { $0.words.filter { $0.0 == orchestrator }.map(\.1) } }

    /// Its output breaks off in the middle; nobody can start there any more.
    func kill(_ orchestrator: OrchestratorID) {
        let dying = state.withLock { state in
            state.dead.insert(orchestrator)
            return state.sessions.values.filter { $0.orchestrator == orchestrator }
        }
        for session in dying {
            session.open?.finish(throwing: TrickleFailure.cut("publisher-lost"))
            session.segments.finish()
        }
    }

    func refuse(_ orchestrator: OrchestratorID, _ failure: SegmentFailure?) { state.withLock { $0.refusals[orchestrator] = failure } }

    /// It takes everything and gives nothing.
    func silence(_ orchestrator: OrchestratorID) { state.withLock { _ = $0.silent.insert(orchestrator) } }
    func wake(_ orchestrator: OrchestratorID) { state.withLock { _ = $0.silent.remove(orchestrator) } }

    func session(
        _ request: LiveVideoRequest, at orchestrator: OrchestratorID, _ body: @Sendable (LiveVideoChannels) async throws -> Void
    ) async throws {
        let (segments, segment) = AsyncThrowingStream.makeStream(of: AsyncThrowingStream<ByteBuffer, any Error>.self)
        let number = try state.withLock { state in
            if let refusal = state.refusals[orchestrator] { throw refusal }
            guard !state.dead.contains(orchestrator) else { throw SegmentFailure(.unreachable, "\(orchestrator) is dead") }
            state.made += 1
            state.starts.append(orchestrator)
            state.sessions[state.made] = Session(orchestrator: orchestrator, segments: segment)
            return state.made
        }
        defer {
            state.withLock { state in
                state.sessions[number] = nil
                state.ends.append(orchestrator)
            }
        }
        let job = request.order.job
        let calls = job.map { _ in Calls(workers: self, orchestrator: orchestrator) }
        do {
            try await body(
                LiveVideoChannels(
                    manifest: "m\(number)", input: job?.takesVideo == false ? nil : Input(self, number),
                    output: job?.makesVideo == false ? nil : Output(segments), control: Control(self, orchestrator), events: nil,
                    calls: calls))
        } catch {
            _ = try? await calls?.stop()
            throw error
        }
        _ = try? await calls?.stop()
    }

    /// Says what it was told, and answers with it.
    private struct Calls: StreamCalls {
        let workers: EchoWorkers
        let orchestrator: OrchestratorID

        func update(_ parameters: String) async throws -> WorkerAnswer {
            workers.state.withLock { $0.words.append((orchestrator, parameters)) }
            return WorkerAnswer(status: 200, contentType: "application/json", body: ByteBuffer(string: "{\"at\":\"\(orchestrator)\"}"))
        }

        func stop() async throws -> WorkerAnswer {
            workers.state.withLock { state in if state.words.last?.1 != "stop" { state.words.append((orchestrator, "stop")) } }
            return WorkerAnswer(status: 200, body: ByteBuffer(string: "stopped"))
        }
    }

    private func begin(_ number: Int) throws -> TrickleOutgoing {
        let (pieces, fresh) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let (orchestrator, piece) = try state.withLock { state in
            guard let session = state.sessions[number], !state.dead.contains(session.orchestrator) else {
                throw TrickleFailure.channelClosed
            }
            if isEndless, let open = session.open { return (session.orchestrator, open) }
            state.sessions[number]?.open = fresh
            session.segments.yield(pieces)
            return (session.orchestrator, fresh)
        }
        return TrickleOutgoing(
            sequence: 0,
            write: { bytes in
                let (isDead, isSilent) = self.state.withLock { ($0.dead.contains(orchestrator), $0.silent.contains(orchestrator)) }
                if isDead { throw TrickleFailure.channelClosed }
                if !isSilent { piece.yield(bytes) }
            }, finish: { [isEndless] in if !isEndless { piece.finish() } })
    }

    private final class Input: TricklePublisher {
        private let workers: EchoWorkers
        private let number: Int
        init(_ workers: EchoWorkers, _ number: Int) { (self.workers, self.number) = (workers, number) }

        func open() async throws -> TrickleOutgoing {
            try workers.begin(number)
        }

        func close() async throws {}
    }

    private final class Control: TricklePublisher {
        private let workers: EchoWorkers
        private let orchestrator: OrchestratorID
        init(_ workers: EchoWorkers, _ orchestrator: OrchestratorID) { (self.workers, self.orchestrator) = (workers, orchestrator) }

        func open() async throws -> TrickleOutgoing {
            TrickleOutgoing(
                sequence: 0,
                write: { [workers, orchestrator] bytes in workers.state.withLock { $0.words.append((orchestrator, String(buffer: bytes))) }
                },
                finish: {})
        }

        func close() async throws {}
    }

    private actor Output: TrickleSubscriber {
        private let segments: AsyncThrowingStream<AsyncThrowingStream<ByteBuffer, any Error>, any Error>
        private var sequence: Int64 = -1
        init(_ segments: AsyncThrowingStream<AsyncThrowingStream<ByteBuffer, any Error>, any Error>) { self.segments = segments }

        func next() async throws -> TrickleIncoming? {
            for try await pieces in segments {
                sequence += 1
                return TrickleIncoming(sequence: sequence, contentType: "video/MP2T", skipped: 0) {
                    for try await piece in pieces { return piece }
                    return nil
                }
            }
            return nil
        }
    }
}
