import NIOCore
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

@Suite struct LiveVideoOutputTests {
    /// What was done to a stream, in order.
    private final class Publishing: Publication, Sendable {
        struct Happened: Sendable {
            var packets: [EncodedPacket] = []
            var sizes: [Int] = []
            var order: [String] = []
            var interruptions = 0
            var isLost: Bool?
        }

        private final class Sink: PacketSink {
            let publishing: Publishing
            init(_ publishing: Publishing) { self.publishing = publishing }
            func configure(video: VideoParameters) {
                publishing.note {
                    $0.sizes.append(video.width)
                    $0.order.append("video")
                }
            }
            func configure(audio: AudioParameters) {
                publishing.note {
                    $0.sizes.append(audio.sampleRate)
                    $0.order.append("audio")
                }
            }
            func consume(_ packet: EncodedPacket) {
                publishing.note {
                    $0.packets.append(packet)
                    $0.order.append(packet.track == .audio ? "sound" : packet.isKey ? "key" : "picture")
                }
            }
            func interrupt() { publishing.note { $0.interruptions += 1 } }
            func finish() { publishing.note { $0.isLost = false } }
            func lose() { publishing.note { $0.isLost = true } }
        }

        private let state = Mutex(Happened())
        var happened: Happened { state.withLock { $0 } }
        let stream: StreamID
        let key: String? = nil

        init() throws { stream = try #require(StreamID("cam-out")) }
        func note(_ change: (inout Happened) -> Void) { state.withLock { change(&$0) } }
        func makeSink() -> any PacketSink { Sink(self) }
    }

    private func segment() throws -> ByteBuffer {
        try Fixture.bytes("media/av720p30gop2s.ts")
    }

    private func halves() throws -> (ByteBuffer, ByteBuffer) {
        var rest = try segment()
        let half = rest.readSlice(length: rest.readableBytes / 2 / 188 * 188)
        return (try #require(half), rest)
    }

    private func output(
        _ publishing: Publishing, _ settings: LiveVideoOutput.Settings = .init(), listener: LiveVideoOutput.Listener = .init()
    ) throws -> LiveVideoOutput {
        try LiveVideoOutput(settings: settings, listener: listener) { [publishing.makeSink()] }
    }

    @Test func piecesBecomePicturesWithTheirSize() async throws {
        let publishing = try Publishing()
        let output = try output(publishing)
        await output.open(1)
        await output.begin(1)
        var bytes = try segment()
        while let piece = bytes.readSlice(length: min(7_000, bytes.readableBytes)), piece.readableBytes > 0 {
            _ = try await output.take(piece, of: 1)
        }
        _ = try await output.take(nil, of: 1)
        await output.finish(isLost: false)
        let happened = publishing.happened
        #expect(happened.packets.count { $0.track == .video } == 60)
        #expect(await output.frames == 60)
        #expect(happened.sizes.contains(1280) && happened.sizes.contains(48_000))
        #expect(happened.packets.first?.isKey == true && happened.isLost == false)
    }

    /// A worker that begins again with the segment the last one had: what was shown is not shown twice.
    @Test func anotherWorkerGoesOnBehindWhatWasShown() async throws {
        let publishing = try Publishing()
        let output = try output(publishing)
        await output.open(1)
        _ = try await output.take(try segment(), of: 1)
        let before = await output.frames
        #expect(before > 50)
        await output.close(1)
        await output.open(2)
        _ = try await output.take(try segment(), of: 2)
        #expect(await output.frames == before)
        await output.finish(isLost: true)
        #expect(publishing.happened.isLost == true)
    }

    /// The first half of one worker, the other half of another, which has the same segment from its beginning: it goes on in the middle of
    /// the group of pictures, with a key frame made anew, and no picture is missing or comes twice.
    @Test func aWarmWorkerGoesOnInTheMiddleOfAGroup() async throws {
        let publishing = try Publishing()
        let takeovers = Mutex<[Int]>([])
        let output = try output(publishing, listener: .init(tookOver: { line, _ in takeovers.withLock { $0.append(line) } }))
        await output.open(1)
        await output.open(2)
        let (half, first) = try halves()
        _ = try await output.take(half, of: 1)
        let shown = await output.frames
        #expect(shown > 10 && shown < 55)
        // Warm: it has had half of it too, and nobody has seen that.
        _ = try await output.take(half, of: 2)
        #expect(await output.frames == shown)
        await output.close(1)
        _ = try await output.take(first, of: 2)
        _ = try await output.take(nil, of: 2)
        await output.finish(isLost: false)
        let pictures = publishing.happened.packets.filter { $0.track == .video }
        #expect(takeovers.withLock { $0 } == [1, 2])
        #expect(pictures.count == 60)
        #expect(Set(pictures.map(\.pts)).count == 60)
        #expect(zip(pictures, pictures.dropFirst()).allSatisfy { $0.dts < $1.dts })
        #expect(pictures[shown].isKey)
        let sounds = publishing.happened.packets.filter { $0.track == .audio }
        #expect(Set(sounds.map(\.pts)).count == sounds.count)
    }

    /// No worker: the last picture goes on at the pace of time, and the next worker behind it.
    @Test func theLastPictureIsHeldUntilAnotherWorkerIsThere() async throws {
        let publishing = try Publishing()
        let output = try output(publishing, .init(between: .hold, sound: .none))
        let start = ContinuousClock.now
        await output.open(1)
        let (half, _) = try halves()
        _ = try await output.take(half, of: 1, at: start)
        let before = try #require(await output.shownTo)
        await output.close(1)
        #expect(await output.fill(at: start + .milliseconds(100)))
        #expect(await output.goOn(at: start + .milliseconds(300)))
        let held = try #require(await output.shownTo)
        #expect((held - before).seconds > 0.2 && (held - before).seconds <= 0.3)
        // The next has the whole segment: of its pictures those behind the held ones are shown.
        await output.open(2)
        _ = try await output.take(try segment(), of: 2, at: start + .milliseconds(310))
        #expect(await output.goOn(at: start + .milliseconds(400)) == false)
        let pictures = publishing.happened.packets.filter { $0.track == .video }
        #expect(zip(pictures, pictures.dropFirst()).allSatisfy { $0.pts < $1.pts })
        #expect(pictures.last.map { $0.pts > held } == true)
    }

    /// Sound changes only where a key frame comes with it: else it would be left out up to the next.
    @Test func anotherSoundComesWithAKeyFrame() async throws {
        let publishing = try Publishing()
        let output = try output(publishing, .init(between: .hold, sound: .any))
        let start = ContinuousClock.now
        await output.beginSource()
        try await output.takeSource(try segment())
        await output.open(1)
        await output.begin(1)
        // Of a worker with sound of its own, to 0.9 s.
        var opus = try Fixture.bytes("media/opus-flash.ts")
        let size = opus.readableBytes / 3 / 188 * 188
        let third = opus.readSlice(length: size) ?? ByteBuffer()
        _ = try await output.take(third, of: 1, at: start)
        await output.close(1)
        try await output.takeSource(nil)
        #expect(await output.fill(at: start + .milliseconds(100)))
        #expect(await output.goOn(at: start + .milliseconds(400)))
        let order = publishing.happened.order
        let changes = order.indices.filter { order[$0] == "audio" }
        #expect(changes.count == 2)
        for change in changes {
            let next = order[change...].first { $0 == "key" || $0 == "sound" || $0 == "picture" }
            #expect(next == "key", "\(order)")
        }
    }

    /// No worker: the source's own pictures, from the one behind what was shown on, at the pace of time.
    @Test func theSourceGoesOnUntilAnotherWorkerIsThere() async throws {
        let publishing = try Publishing()
        let output = try output(publishing, .init(between: .raw, sound: .any))
        let start = ContinuousClock.now
        await output.open(1)
        let (half, bytes) = try halves()
        await output.beginSource()
        try await output.takeSource(half)
        _ = try await output.take(half, of: 1, at: start)
        try await output.takeSource(bytes)
        let before = await output.frames
        let shown = try #require(await output.shownTo)
        await output.close(1)
        #expect(await output.fill(at: start + .milliseconds(100)))
        #expect(await output.goOn(at: start + .milliseconds(500)))
        let filled = try #require(await output.shownTo)
        #expect((filled - shown).seconds > 0.4 && (filled - shown).seconds < 0.55)
        #expect(await output.frames == before)
        let pictures = publishing.happened.packets.filter { $0.track == .video }
        // At 30 frames a second, none twice.
        #expect(pictures.count - before >= 13 && Set(pictures.map(\.pts)).count == pictures.count)
    }

    /// A worker without sound: the source's goes with its pictures, as late as they are.
    @Test func theSourcesSoundGoesWithPicturesThatHaveNone() async throws {
        let publishing = try Publishing()
        let output = try output(publishing, .init(between: .gap, sound: .source))
        await output.open(1)
        await output.beginSource()
        try await output.takeSource(try segment())
        #expect(publishing.happened.packets.isEmpty)
        let (half, _) = try halves()
        _ = try await output.take(half, of: 1)
        let shown = try #require(await output.shownTo)
        let sounds = publishing.happened.packets.filter { $0.track == .audio }
        #expect(!sounds.isEmpty)
        let last = try #require(sounds.last)
        // Within a frame of sound of the pictures.
        #expect(last.pts <= shown && (shown - last.pts).seconds < 0.05)
    }

    /// Its pictures would be shown, and nobody else's for a hundred seconds.
    @Test func aWorkerWhoseClockJumpedIsFollowedByTheNext() async throws {
        let output = try output(try Publishing(), .init(between: .gap, sound: .any))
        func source(_ seconds: Double) async throws {
            await output.beginSource()
            try await output.takeSource(try segment().shifted(by: MediaTime(seconds: seconds)))
            try await output.takeSource(nil)
        }
        func worker(_ line: Int, _ seconds: Double) async throws {
            await output.begin(line)
            _ = try await output.take(try segment().shifted(by: MediaTime(seconds: seconds)), of: line)
            _ = try await output.take(nil, of: line)
        }
        await output.open(1)
        for (clock, workers) in [(0.0, 0.0), (2, 102), (4, 104)] {
            try await source(clock)
            try await worker(1, workers)
        }
        let before = await output.frames
        #expect(before == 180)
        await output.close(1)
        await output.open(2)
        for clock in [6.0, 8] {
            try await source(clock)
            try await worker(2, clock)
        }
        #expect(await output.frames >= before + 60)
    }

    /// Pictures of 10 bits are not encoded anew: that is said once, and nothing is tried every 40 ms.
    @Test func aPictureThatCannotBeHeldEndsTheFilling() async throws {
        let words = Mutex<[String]>([])
        let output = try output(
            try Publishing(), .init(between: .hold, sound: .none), listener: .init(warn: { word in words.withLock { $0.append(word) } }))
        let start = ContinuousClock.now
        await output.open(1)
        await output.begin(1)
        let bytes = try Fixture.bytes("media/tenbit.ts")
        _ = try await output.take(bytes, of: 1, at: start)
        _ = try await output.take(nil, of: 1, at: start)
        await output.close(1)
        let isFilling = await output.fill(at: start + .milliseconds(100))
        #expect(!isFilling)
        #expect(await output.goOn(at: start + .milliseconds(200)) == false)
        #expect(words.withLock { $0.count } == 1, "\(words.withLock { $0 })")
        // The next worker goes on behind what was shown.
        await output.open(2)
        let before = await output.frames
        _ = try await output.take(bytes.shifted(by: MediaTime(seconds: 1)), of: 2, at: start + .milliseconds(300))
        _ = try await output.take(nil, of: 2, at: start + .milliseconds(300))
        #expect(await output.frames > before)
    }

    @Test func whatIsNoTransportStreamIsSaid() async throws {
        let output = try output(try Publishing())
        await output.open(1)
        await #expect(throws: (any Error).self) { try await output.take(ByteBuffer(repeating: 7, count: 1000), of: 1) }
        // The next segment is none the worse for it.
        await output.begin(1)
        #expect(try await output.take(try segment(), of: 1).pictures > 50)
    }
}
