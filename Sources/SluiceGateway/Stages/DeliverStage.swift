package import NIOCore
import SluiceRouting
package import SluiceTypes
import Synchronization

/// Viewers are answered from memory, at once.
extension StreamTable: DeliverySource {
    package func multivariantPlaylist(of stream: StreamID) -> Delivery<ByteBuffer> {
        output(stream)?.multivariantPlaylist() ?? .unknown
    }

    package func mediaPlaylist(of stream: StreamID, rendition: String) -> Delivery<ByteBuffer> {
        output(stream)?.mediaPlaylist(rendition) ?? .unknown
    }

    package func segment(
        of stream: StreamID, rendition: String, number: Int64, container: SegmentContainer
    ) -> Delivery<ByteBuffer> {
        output(stream)?.segment(rendition, named: number, container) ?? .unknown
    }

    fileprivate func output(_ stream: StreamID) -> StreamOutput? {
        entries.withLock { $0[stream]?.output }
    }

    func live(_ stream: StreamID) -> LiveStream? {
        entries.withLock { $0[stream]?.live }
    }

    package func isLive(_ stream: StreamID) -> Bool { live(stream) != nil }

    /// Every stream that is live or lingers, for operators.
    package var summaries: [StreamSummary] {
        entries.withLock { $0 }.map { _, entry in
            StreamSummary(
                listing: entry.output.listing, origin: entry.live?.origin, isLive: entry.live != nil, newest: entry.output.recent.newest)
        }.sorted { $0.listing.id.rawValue < $1.listing.id.rawValue }
    }

    /// The last segments of a stream; `nil` for one that is neither live nor lingers.
    package func segments(of stream: StreamID) -> [SegmentStatus]? { output(stream)?.recent.all }

    package func summary(of stream: StreamID) -> StreamSummary? {
        entries.withLock { $0[stream] }.map { entry in
            StreamSummary(
                listing: entry.output.listing, origin: entry.live?.origin, isLive: entry.live != nil, newest: entry.output.recent.newest)
        }
    }

    package func status(route: RouteStage) -> GatewayStatus {
        let streams = entries.withLock { entries in
            entries.map { id, entry in
                GatewayStatus.Stream(
                    id: id.rawValue, origin: entry.live?.origin.rawValue ?? "", isLive: entry.live != nil,
                    renditions: entry.output.counts.map { .init(name: $0.rendition, published: $0.published, gaps: $0.gaps) },
                    segments: entry.output.recent.all)
            }
        }
        let orchestrators = route.picture.map {
            GatewayStatus.Orchestrator(
                id: $0.entry.id.rawValue, isReachable: $0.entry.isReachable, version: $0.entry.version,
                roundTrip: $0.works.first.map { $0.total.p50 / 2 })
        }
        return GatewayStatus(streams: streams.sorted { $0.id < $1.id }, orchestrators: orchestrators)
    }
}

extension StreamTable: LowLatencySource {
    package func lowLatency(_ request: LowLatencyRequest, of stream: StreamID, waiter: Waiter) -> LowLatencyAnswer {
        output(stream)?.lowLatency?.answer(request, waiter) ?? .unknown
    }
}
