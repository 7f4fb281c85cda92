package import NIOCore
package import SluiceTypes

/// One orchestrator, asked a few times: whether it is there, how far, and what it offers.
package struct OrchestratorExamination: Sendable {
    package var entry: OrchestratorEntry
    /// Seconds of the first call, with the connection and the TLS handshake in it.
    package var firstCall: Double
    /// Seconds of the fastest call after that.
    package var roundTrip: Double

    private static let calls = 4

    /// - Throws: `OrchestratorAddress.Malformed`, or what the first call failed with.
    package static func of(_ address: String, group: any EventLoopGroup) async throws -> OrchestratorExamination {
        let known = try KnownOrchestrator(
            address: OrchestratorAddress(address), wanted: CapabilitySet([.h264, .mpegTS, .authToken]), clocks: .init(), group: group)
        do {
            var times: [Double] = []
            for _ in 0..<calls {
                if let problem = await known.refresh().problem { throw problem }
                times.append(known.entry.roundTrip ?? 0)
            }
            await known.connection.close()
            return OrchestratorExamination(entry: known.entry, firstCall: times[0], roundTrip: times.dropFirst().min() ?? times[0])
        } catch {
            await known.connection.close()
            throw error
        }
    }
}
