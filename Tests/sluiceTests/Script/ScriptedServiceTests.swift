import NIOCore
import SluiceSimulation
import SluiceTypes
import Testing

@testable import sluice

@Suite struct ScriptedServiceTests {
    private func segment(_ bytes: Int, _ container: SegmentContainer = .mpegTS) throws -> Segment {
        let now = ContinuousClock.now
        return Segment(
            stream: try #require(StreamID("cam")), sequence: SegmentSequence(0), container: container,
            bytes: ByteBuffer(repeating: 0x47, count: bytes), start: .zero, duration: .seconds(2), startsDiscontinuity: false, video: nil,
            audio: nil, videoFrames: 0, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
    }

    private func profile(_ bitrate: Int) -> TranscodeProfile { TranscodeProfile(name: "p", width: 640, height: 360, bitrate: bitrate) }

    @Test func aRenditionHasWholePacketsAsManyAsItsBitrateHasRoomFor() throws {
        let made = ScriptedService.rendition(of: try segment(188 * 1000), profile(80_000))
        #expect(made.readableBytes == 20_000 / 188 * 188)
    }

    @Test func itIsNeverMoreThanTheSourceAndNeverNothing() throws {
        #expect(ScriptedService.rendition(of: try segment(188 * 10 + 5), profile(8_000_000)).readableBytes == 1880)
        #expect(ScriptedService.rendition(of: try segment(188 * 10), profile(1)).readableBytes == 188)
        #expect(ScriptedService.rendition(of: try segment(1001, .mp4), profile(1)).readableBytes == 1001)
    }
}

@Suite struct ScriptedAttemptTests {
    @Test func whatHasHappenedNeedsNoWait() async throws {
        let attempt = ScriptedAttempt()
        attempt.happened(.accepted)
        attempt.happened(.failed(.busy))
        try await attempt.reached(.accepted)
        await #expect(throws: LiveFailure.busy) { try await attempt.reached(.transcoded) }
    }

    @Test func whoWaitsIsWoken() async throws {
        let attempt = ScriptedAttempt()
        async let first: Void = attempt.reached(.rendition(0))
        async let second: Void = attempt.reached(.rendition(1))
        attempt.happened(.rendition(0))
        try await first
        attempt.happened(.failed(.halfAnswer))
        do {
            try await second
            Issue.record("the second rendition never came")
        } catch let failure as LiveFailure {
            #expect(failure == .halfAnswer)
        }
    }

    @Test func whoGoesAwayWaitsNoMore() async {
        let attempt = ScriptedAttempt()
        let waiting = Task { try await attempt.reached(.accepted) }
        waiting.cancel()
        let result = await waiting.result
        #expect(throws: CancellationError.self) { try result.get() }
    }
}
