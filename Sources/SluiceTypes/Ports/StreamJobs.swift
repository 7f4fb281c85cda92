package import NIOCore

/// BYOC streams of a gateway: begun by a call, fed by a publisher under the stream's name, told and ended by calls (specs/byoc §6.1).
package protocol StreamJobs: Sendable {
    /// Returns when an orchestrator's worker has it.
    ///
    /// - Parameters:
    ///   - order: with a job.
    ///   - asked: by whom, and for which stream, as if it published.
    func start(_ order: LiveVideoOrder, _ asked: PublishRequest) async throws(StreamJobRefusal) -> LiveVideoStatus

    /// - Returns: `nil` when there is no such stream, as for all below.
    func job(_ name: String) -> LiveVideoStatus?

    /// Whether somebody publishes under its name now.
    func isFed(_ name: String) -> Bool

    /// - Parameter parameters: JSON.
    /// - Returns: what the worker answered.
    /// - Throws: why it has not got them; the next worker begins with them.
    func update(job name: String, parameters: String) async throws -> WorkerAnswer?

    /// Returns when the worker was told, and has answered or could not.
    func stop(job name: String) async -> WorkerAnswer?

    /// Lines that the worker says from now on, to the end of the stream.
    func data(of name: String) -> StreamJobReading
}

package enum StreamJobReading: Sendable {
    case noSuchStream
    /// Its client did not ask for any.
    case notWanted
    /// As many read it as may.
    case full(limit: Int)
    /// Whoever is slow misses the oldest.
    case lines(AsyncStream<ByteBuffer>)
}

/// Why a BYOC stream was not begun.
package enum StreamJobRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// No orchestrator has the capability; it is named.
    case unknownCapability(String)
    case exists(StreamID)
    case denied(String)
    case unusable(String)
    /// All have refused it, or have no place; the last word of one.
    case unplaced(String)
    case tooMany(limit: Int)
    case shuttingDown

    package var description: String {
        switch self {
        case .unknownCapability(let name): "No orchestrators found for capability \(name)"
        case .exists(let stream): "stream '\(stream)' is there already; stop it first, or choose another stream_id"
        case .denied(let reason), .unusable(let reason): reason
        case .unplaced(let reason): "no orchestrator took the stream: \(reason)"
        case .tooMany(let limit): "this gateway carries its limit of \(limit) streams"
        case .shuttingDown: "this gateway is shutting down"
        }
    }
}
