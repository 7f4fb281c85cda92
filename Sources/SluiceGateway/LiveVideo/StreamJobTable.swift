import SluiceTypes
import Synchronization

/// The BYOC streams of a gateway, by the name that their publishers use.
final class StreamJobTable: Sendable {
    private let jobs = Mutex<[StreamID: LiveVideoStream]>([:])

    subscript(name: StreamID) -> LiveVideoStream? { jobs.withLock { $0[name] } }

    var all: [LiveVideoStream] { jobs.withLock { Array($0.values) } }

    /// - Throws: when its name is taken, or there are as many as there may be.
    func add(_ job: LiveVideoStream, most: Int) throws(StreamJobRefusal) {
        let refusal = jobs.withLock { jobs -> StreamJobRefusal? in
            if jobs[job.source] != nil { return .exists(job.source) }
            guard jobs.count < most else { return .tooMany(limit: most) }
            jobs[job.source] = job
            return nil
        }
        if let refusal { throw refusal }
    }

    func remove(_ job: LiveVideoStream) {
        jobs.withLock { if $0[job.source] === job { $0[job.source] = nil } }
    }
}
