package import SluiceTypes
import Synchronization

extension StreamTable: LiveVideoControl {
    private func liveVideoStream(_ name: String) -> LiveVideoStream? {
        if let id = StreamID(name), let job = liveVideo?.jobs[id] { return job }
        return entries.withLock { entries in
            if let id = StreamID(name), let stream = entries[id]?.live?.liveVideo { return stream }
            return entries.values.lazy.compactMap { $0.live?.liveVideo }.first { $0.request.order.streamID == name && !name.isEmpty }
        }
    }

    package func liveVideo(_ name: String) -> LiveVideoStatus? { liveVideoStream(name)?.status }

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
