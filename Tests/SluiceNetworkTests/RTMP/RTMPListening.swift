import NIOPosix
import SluiceNetwork

/// A listener on a free port of loopback while `body` runs; it is shut down whatever `body` does.
func withRTMPListener(_ gate: CollectingGate, _ limits: RTMPLimits, _ lines: LogLines, _ body: (Int) async throws -> Void) async throws {
    let listener = RTMPListener(
        host: "127.0.0.1", port: 0, gate: gate, group: MultiThreadedEventLoopGroup.singleton, limits: limits, logger: lines.logger)
    let port = try await listener.start()
    do {
        try await body(port)
    } catch {
        await listener.shutdown()
        throw error
    }
    await listener.shutdown()
}
