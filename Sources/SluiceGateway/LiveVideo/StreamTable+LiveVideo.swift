package import SluiceTypes
import Synchronization

extension StreamTable: LiveVideoControl {
    /// Of a stream that is live: another one may not be called by its name in status and events, nor stop its work.
    ///
    /// - Parameter stream: whose name it is to be.
    static func isTaken(_ name: String, except stream: StreamID, in entries: borrowing [StreamID: Entry]) -> Bool {
        guard !name.isEmpty else { return false }
        return entries.contains { id, entry in
            guard id != stream, let live = entry.live, !live.pipeline.isFinished, let video = live.liveVideo else { return false }
            return id.rawValue == name || video.request.order.streamID == name
        }
    }

    private func liveVideoStream(_ name: String) -> LiveVideoStream? {
        if let id = StreamID(name), let job = liveVideo?.jobs[id] { return job }
        return entries.withLock { entries in
            if let id = StreamID(name), let stream = entries[id]?.live?.liveVideo { return stream }
            guard !name.isEmpty else { return nil }
            let named = entries.values.filter { $0.live?.liveVideo?.request.order.streamID == name }
            // One that has ended may have an heir to its name already.
            return (named.first { $0.live?.pipeline.isFinished == false } ?? named.first)?.live?.liveVideo
        }
    }

    package func liveVideo(_ name: String) -> LiveVideoStatus? { liveVideoStream(name)?.status }

    package func confirm(liveVideo name: String, token: String?) async throws(PublishRefusal) {
        guard let stream = liveVideoStream(name) else { return }
        try await confirm(PublishRequest(stream: stream.source, key: nil, origin: .liveVideo, remoteAddress: "", token: token))
    }

    package func update(liveVideo name: String, parameters: String) async throws -> Bool {
        guard let stream = liveVideoStream(name) else { return false }
        try await stream.update(parameters)
        return true
    }

    package func stop(liveVideo name: String) -> Bool {
        guard let stream = liveVideoStream(name) else { return false }
        stream.stop()
        return true
    }
}
