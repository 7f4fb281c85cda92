import Testing

/// One of two orchestrators does what orchestrators do at their worst, on the real wire. Of what four streams send, nothing may be
/// lost, nothing come out of order, and at most one segment of a stream be late.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ProofByFireTests {
    struct Trial: Sendable, CustomTestStringConvertible {
        let fault: String
        /// Whether it has come to what the fault is about.
        let hasCome: @Sendable (Play.Status.Tally) -> Bool

        var testDescription: String { fault }

        static let all = [
            Trial(fault: "kind: crash, during: upload") { $0.kills["upload"] == 1 && $0.crashes == 1 },
            Trial(fault: "kind: crash, during: transcode") { $0.kills["transcode"] == 1 && $0.crashes == 1 },
            Trial(fault: "kind: crash, during: download") { $0.kills["download"] == 1 && $0.crashes == 1 },
            Trial(fault: "kind: busy") { $0.failures > 0 },
            Trial(fault: "kind: capped") { $0.failures > 0 },
            Trial(fault: "kind: halfAnswer") { $0.failures > 0 },
            Trial(fault: "kind: wrongBytes") { $0.failures > 0 },
            Trial(fault: "kind: refuseTokens") { $0.failures > 0 && $0.attempts > $0.failures },
        ]
    }

    private static let streams = ["a", "b", "c", "d"]

    private static func play(_ fault: String) async throws -> Play {
        try await Play(
            """
            streams:
              - {count: 4, bitrate: 1Mbit}
            orchestrators:
              - name: troubled
                service: {pixelsPerSecond: 1G, jitter: 0, tailShare: 0, coldStart: 20ms}
                network: {roundTrip: 4ms, jitter: 0}
                faults:
                  - {\(fault), at: 0s}
              - name: sound
                service: {pixelsPerSecond: 1G, jitter: 0, tailShare: 0, coldStart: 20ms}
                network: {roundTrip: 4ms, jitter: 0}
            """)
    }

    @Test(arguments: Trial.all) func aFaultLosesNothing(_ trial: Trial) async throws {
        let play = try await Self.play(trial.fault)
        try await play.begin()
        for sequence in 0..<3 {
            let statuses = try await play.push(Self.streams, sequence)
            #expect(statuses == Array(repeating: "200", count: Self.streams.count), "\(play.gateway.program.text)")
        }
        let tally = try #require(try await play.tally("troubled"))
        #expect(trial.hasCome(tally), "\(tally)")
        try await expectNothingLost(play)
    }

    /// The segments that hang are sent again elsewhere while there is time.
    @Test func aStallLosesNothing() async throws {
        let play = try await Self.play("kind: stall")
        #expect(try await play.push(Self.streams, 0) == Array(repeating: "200", count: Self.streams.count))
        try await play.begin()
        for sequence in 1..<3 {
            #expect(try await play.push(Self.streams, sequence) == Array(repeating: "200", count: Self.streams.count))
        }
        let hung = try await play.decisions("a") + play.decisions("b") + play.decisions("c") + play.decisions("d")
        #expect(hung.contains { $0.attempts.contains { $0.result == "stopped" } }, "\(hung)")
        try await expectNothingLost(play)
    }

    private func expectNothingLost(_ play: Play) async throws {
        for stream in Self.streams {
            let source = try #require(try await play.gateway.playlist(stream, "source"))
            for rendition in ["P240p30fps16x9", "P360p30fps16x9"] {
                let playlist = try #require(try await play.gateway.playlist(stream, rendition))
                #expect(playlist.uris == source.uris.map { $0.replacing("source/", with: "\(rendition)/") })
                #expect(playlist.mediaSequence == source.mediaSequence && playlist.gaps == 0)
            }
            let decisions = try await play.decisions(stream)
            #expect(decisions.map(\.sequence) == [0, 1, 2])
            #expect(decisions.count { $0.isMissed } <= 1, "\(decisions)")
            #expect(decisions.allSatisfy { $0.failure == nil }, "\(decisions)")
        }
    }
}
