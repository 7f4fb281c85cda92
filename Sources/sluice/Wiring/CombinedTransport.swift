import SluiceTypes

/// The embedded orchestrator by its own way, all others over the network.
struct CombinedTransport: SegmentTransport {
    let embedded: InProcessTransport?
    let remote: (any SegmentTransport)?

    func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        way(to: orchestrator)?.send(job, to: orchestrator) ?? Self.noWay(to: orchestrator)
    }

    func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        way(to: orchestrator)?.stream(job, to: orchestrator) ?? Self.noWay(to: orchestrator)
    }

    func end(_ stream: StreamID) async {
        await embedded?.end(stream)
        await remote?.end(stream)
    }

    private func way(to orchestrator: OrchestratorID) -> (any SegmentTransport)? {
        orchestrator == .embedded ? embedded : remote
    }

    private static func noWay(to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        AsyncThrowingStream { $0.finish(throwing: SegmentFailure(.unreachable, "no way to \(orchestrator)")) }
    }
}

/// Several directories as one, in their order.
struct CombinedDirectory: OrchestratorDirectory {
    private let directories: [any OrchestratorDirectory]

    init(_ directories: [any OrchestratorDirectory]) { self.directories = directories }

    var entries: [OrchestratorEntry] { directories.flatMap(\.entries) }

    func entry(_ id: OrchestratorID) -> OrchestratorEntry? {
        for directory in directories {
            if let entry = directory.entry(id) { return entry }
        }
        return nil
    }

    func whenChanged(_ tell: @escaping @Sendable (OrchestratorID) -> Void) {
        for directory in directories { directory.whenChanged(tell) }
    }
}
