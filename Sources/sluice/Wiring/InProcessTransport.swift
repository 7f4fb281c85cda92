import SluiceTypes

/// Joins a gateway to the orchestrator in its own process: the same events, no socket between.
struct InProcessTransport: SegmentTransport {
    let service: any TranscodeService

    func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        service.transcode(job, in: session(of: job.segment.stream))
    }

    func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        service.transcode(job, in: session(of: job.stream))
    }

    func end(_ stream: StreamID) async {
        await service.end(session(of: stream))
    }

    private func session(of stream: StreamID) -> SessionID { SessionID("embedded-\(stream)") }
}

/// The directory's one entry for it.
struct EmbeddedDirectory: OrchestratorDirectory {
    let entries: [OrchestratorEntry]

    init(service: any TranscodeService) {
        entries = [
            OrchestratorEntry(
                id: .embedded, capabilities: service.capabilities, version: Sluice.version,
                takesStreamedSegments: service.takesStreamedSegments)
        ]
    }
}
