import HTTPTypes
import Logging
import NIOPosix
import SluiceTypes
import Testing

@testable import SluiceNetwork

/// An orchestrator that goes and comes back, as the directory and the segments see it.
@Suite(.timeLimit(.minutes(1))) struct OrchestratorReturnTests {
    /// Tells what is logged, so that nobody has to look again and again.
    private struct Messages: LogHandler {
        let told: AsyncStream<String>.Continuation
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { told.yield("\(event.message)") }
    }

    @Test func itIsMissedFoundAgainAndServesTheSameStream() async throws {
        let (messages, told) = AsyncStream.makeStream(of: String.self)
        var clocks = LivepeerTransport.Clocks()
        clocks.refresh = .milliseconds(20)
        clocks.firstRetry = .milliseconds(10)
        clocks.longestRetry = .milliseconds(20)
        (clocks.answer, clocks.header, clocks.call, clocks.download) = (.seconds(40), .seconds(40), .seconds(40), .seconds(40))
        let logger = Logger(label: "test", factory: { _ in Messages(told: told) })

        var port = 0
        try await TestServer.serving(ScriptedPeer(.good)) { server in port = server.port }
        // The port is free now, and nobody answers there.
        let transport = try LivepeerTransport(
            addresses: ["127.0.0.1:\(port)"], clocks: clocks, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let harness = TransportHarness(transport: transport, id: try #require(transport.entries.first?.id))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await transport.run() }
            #expect(await next(of: messages) == "orchestrator unreachable")
            #expect(transport.entries.map(\.isReachable) == [false])
            let failure = try await harness.send().failure
            #expect(failure?.reason == .unreachable)
            for sequence in 1...2 {
                // Each time another process, with another secret: the tokens of the one before are void.
                let peer = try orchestrator(at: port)
                try await TestServer.serving(peer, port: port) { _ in
                    #expect(await next(of: messages) == "orchestrator found")
                    #expect(transport.entries.map(\.isReachable) == [true])
                    try await harness.succeed(sequence)
                }
                #expect(await next(of: messages) == "orchestrator unreachable")
                #expect(transport.entries.map(\.isReachable) == [false])
            }
            group.cancelAll()
        }
    }

    private func next(of messages: AsyncStream<String>) async -> String? {
        for await message in messages { return message }
        return nil
    }

    private func orchestrator(at port: Int) throws -> OrchestratorEndpoint {
        try OrchestratorEndpoint(
            service: ScriptedService(), serviceURI: "https://127.0.0.1:\(port)", version: "0.1.0", logger: TestServer.quiet)
    }
}
