import Foundation
import NIOCore
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceGateway

@Suite struct RenditionLineTests {
    @Test func partsLeaveWhileTheSegmentIsBeingMade() async throws {
        let bench = try LineBench()
        try await bench.begin()
        for number in 1...2 {
            let pieces = try LineBench.made(number)
            #expect(pieces.count == LineBench.pictures || pieces.count == LineBench.pictures + 1)
            let before = bench.parts
            // One behind the source, as orchestrators are.
            for (place, piece) in pieces.prefix(LineBench.pictures).enumerated() {
                try bench.send(number, pictures: place + 1)
                bench.give(number, [piece])
                #expect(bench.parts.dropFirst(before.count).count { $0 == "." } == (place + 1) / 6, "picture \(place)")
            }
            bench.give(number, pieces.dropFirst(LineBench.pictures))
            bench.tell(number, .complete)
            await bench.finish(number, .media(LineBench.whole(pieces), .mpegTS))
            #expect(bench.parts == before + "..........|")
        }
        let listed = try LineBench.MediaPlaylistText(bench.playlist)
        // A segment is what its parts are.
        let last = bench.get(.segment(rendition: "small", try #require(listed.segments.last)))
        #expect(last == LineBench.whole(listed.parts.suffix(10).map { bench.get(.part(rendition: "small", $0)) }))
        try expectPlays(try bench.everything(), pictures: 2 * LineBench.pictures)
        #expect(bench.registry.render().contains("sluice_rendition_parts_streamed_total 20"))
    }

    /// Half a frame of 1/30 s on either side; nothing twice, and nothing that FFmpeg stumbles over.
    private func expectPlays(_ bytes: ByteBuffer, pictures: Int, gap: Double? = nil) throws {
        let played = try PlayedMedia(bytes)
        #expect(played.complaints == "")
        #expect(played.video.count == pictures)
        let steps = zip(played.video, played.video.dropFirst()).map { $1.pts - $0.pts }
        #expect(steps.allSatisfy { $0 > 0.016 && ($0 < 0.05 || gap != nil) }, "\(steps)")
        if let gap { #expect(steps.contains { abs($0 - gap) < 0.02 }, "\(steps.max() ?? 0)") }
    }

    @Test func asManyPartsAsTheSourceHasLeave() async throws {
        let bench = try LineBench()
        try await bench.begin()
        // An orchestrator that is ahead of what the source has told of waits for it.
        bench.give(1, try LineBench.made(1))
        #expect(bench.parts == "")
        try bench.send(1, pictures: 40)
        bench.tell(1, .complete)
        #expect(bench.parts == "......")
    }

    @Test func aSegmentWaitsForTheOneBeforeIt() async throws {
        let bench = try LineBench()
        try await bench.begin()
        let first = try LineBench.made(1)
        let second = try LineBench.made(2)
        try bench.send(1)
        try bench.send(2, pictures: 30)
        bench.give(2, second.prefix(30))
        #expect(bench.parts == "")
        await bench.finish(1, .media(LineBench.whole(first), .mpegTS))
        #expect(bench.parts == "..........|.....")
        try bench.send(2)
        bench.give(2, second.dropFirst(30))
        bench.tell(2, .complete)
        await bench.finish(2, .media(LineBench.whole(second), .mpegTS))
        #expect(bench.parts == "..........|..........|")
        try expectPlays(try bench.everything(), pictures: 2 * LineBench.pictures)
    }

    // MARK: Somebody else goes on

    @Test func anotherGoesOnAtTheKeyFrameThatWasWishedFor() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1, pictures: 27)
        bench.give(1, try LineBench.made(1).prefix(27))
        bench.tell(1, .lost(isBroken: false))
        #expect(bench.parts == "....")
        let reached = try #require(bench.line.reached(in: SegmentSequence(1)))
        // Another encoder, so that its pictures are not the same.
        var profile = LineBench.profile
        profile.bitrate = 250_000
        let other = try LineBench.made(1, profile, keyFrameAfter: reached)
        try bench.send(1, pictures: 50)
        bench.give(1, other.prefix(50), attempt: 1)
        #expect(bench.parts == "........")
        try bench.send(1)
        bench.give(1, other.dropFirst(50), attempt: 1)
        bench.tell(1, .complete, attempt: 1)
        await bench.finish(1, .media(LineBench.whole(other), .mpegTS))
        #expect(bench.parts == "..........|")
        try expectPlays(try bench.everything(), pictures: LineBench.pictures)
        #expect(bench.registry.render().contains("sluice_renditions_taken_over_total 1"))
    }

    @Test func anotherGoesOnAtItsNextKeyFrame() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        bench.give(1, try LineBench.made(1).prefix(27))
        bench.tell(1, .lost(isBroken: false))
        var profile = LineBench.profile
        profile.keyFrames = .every(milliseconds: 1400)
        // Its key frame is picture 42, the first of the eighth part; it comes home whole.
        await bench.finish(1, .media(LineBench.whole(try LineBench.made(1, profile)), .mpegTS))
        #expect(bench.parts == "....---...|")
        #expect(bench.playlist.components(separatedBy: "INDEPENDENT=YES").count - 1 == 3)
        try expectPlays(try bench.everything(), pictures: 24 + 18, gap: 19.0 / 30)
    }

    @Test func withoutAKeyFrameTheRestIsAGap() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        bench.give(1, try LineBench.made(1).prefix(27))
        bench.tell(1, .lost(isBroken: false))
        var profile = LineBench.profile
        profile.bitrate = 250_000
        await bench.finish(1, .media(LineBench.whole(try LineBench.made(1, profile)), .mpegTS))
        #expect(bench.parts == "....------|")
        // The next one is as ever.
        let next = try LineBench.made(2)
        try bench.send(2)
        bench.give(2, next)
        bench.tell(2, .complete)
        await bench.finish(2, .media(LineBench.whole(next), .mpegTS))
        #expect(bench.parts == "....------|..........|")
    }

    @Test func theSamePicturesGoOnWhereTheOthersEnded() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        let pieces = try LineBench.made(1)
        bench.give(1, pieces.prefix(27))
        bench.tell(1, .lost(isBroken: false))
        await bench.finish(1, .media(LineBench.whole(pieces), .mpegTS))
        #expect(bench.parts == "..........|")
        try expectPlays(try bench.everything(), pictures: LineBench.pictures)
    }

    @Test func anotherCodingCannotGoOn() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        bench.give(1, try LineBench.made(1).prefix(27))
        bench.tell(1, .lost(isBroken: false))
        var profile = LineBench.profile
        (profile.width, profile.height, profile.keyFrames) = (426, 240, .every(milliseconds: 500))
        await bench.finish(1, .media(LineBench.whole(try LineBench.made(1, profile)), .mpegTS))
        #expect(bench.parts == "....------|")
    }

    // MARK: Nothing goes on

    @Test func aFailedCheckEndsTheSegment() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        let pieces = try LineBench.made(1)
        bench.give(1, pieces.prefix(27))
        bench.tell(1, .lost(isBroken: true))
        await bench.finish(1, .media(LineBench.whole(pieces), .mpegTS))
        #expect(bench.parts == "....------|")
    }

    @Test func bytesThatAreNoMediaAreBlamed() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        #expect(bench.give(1, try LineBench.made(1).prefix(27)) == nil)
        let failure = try #require(bench.give(1, [ByteBuffer(repeating: 0x47, count: 188 * 3)]))
        #expect(failure.reason == .protocolViolation && failure.castsDoubt)
        #expect(failure.detail.contains("MPEG-TS packet"))
        await bench.finish(1, .gap)
        #expect(bench.parts == "....------|")
    }

    /// What waited for its turn is found out when another's bytes come: it is not that one that is blamed.
    @Test func whoeverBroughtItIsBlamed() async throws {
        let bench = try LineBench()
        try await bench.begin()
        let pieces = try LineBench.made(1)
        let noise = ByteBuffer(repeating: 1, count: 188)
        #expect(bench.give(1, [noise], attempt: 0) == nil)
        try bench.send(1, pictures: 30)
        #expect(bench.give(1, pieces.prefix(1), attempt: 1) == nil)
        #expect(bench.give(1, [noise], attempt: 0)?.reason == .protocolViolation)
    }

    @Test(arguments: [true, false]) func whatHasNotBegunComesWhole(isLost: Bool) async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        let pieces = try LineBench.made(1)
        bench.give(1, pieces.prefix(3))
        if isLost { bench.tell(1, .lost(isBroken: true)) }
        await bench.finish(1, .media(LineBench.whole(pieces), .mpegTS))
        #expect(bench.parts == "..........|")
        try expectPlays(try bench.everything(), pictures: LineBench.pictures)
        // Nothing more is heard of it.
        bench.give(1, pieces.dropFirst(3))
        #expect(bench.parts == "..........|")
    }

    @Test func aSegmentThatWasLostAltogetherIsAGap() async throws {
        let bench = try LineBench()
        try await bench.begin()
        try bench.send(1)
        await bench.finish(1, .gap)
        #expect(bench.parts == "----------x|")
        try bench.send(2)
        bench.give(2, try LineBench.made(2).prefix(30))
        #expect(bench.parts == "----------x|.....")
        bench.line.abandon()
        #expect(bench.parts == "----------x|.....-----|")
    }

    @Test func tooMuchBeforeItsTurnGoesWhole() async throws {
        let bench = try LineBench()
        try await bench.begin()
        let pieces = try LineBench.made(2)
        try bench.send(1)
        try bench.send(2)
        bench.give(2, [ByteBuffer(repeating: 0, count: 9 << 20)])
        bench.give(2, pieces)
        await bench.finish(1, .media(LineBench.whole(try LineBench.made(1)), .mpegTS))
        #expect(bench.parts == "..........|")
        await bench.finish(2, .media(LineBench.whole(pieces), .mpegTS))
        #expect(bench.parts == "..........|..........|")
    }
}
