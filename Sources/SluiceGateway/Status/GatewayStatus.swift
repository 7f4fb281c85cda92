/// What `/status` shows of a gateway.
package struct GatewayStatus: Codable, Sendable {
    package struct Stream: Codable, Sendable {
        package var id: String
        package var origin: String
        package var isLive: Bool
        package var renditions: [Rendition]
        package var segments: [SegmentStatus]
    }

    package struct Rendition: Codable, Sendable {
        package var name: String
        package var published: Int
        package var gaps: Int
    }

    package struct Orchestrator: Codable, Sendable {
        package var id: String
        package var isReachable: Bool
        package var version: String
        /// Seconds per second of media; `nil` before the first answer.
        package var roundTrip: Double?
    }

    package var streams: [Stream]
    package var orchestrators: [Orchestrator]

    package init(streams: [Stream], orchestrators: [Orchestrator]) {
        self.streams = streams
        self.orchestrators = orchestrators
    }
}
