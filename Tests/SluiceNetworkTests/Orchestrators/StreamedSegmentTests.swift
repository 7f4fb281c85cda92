import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Synchronization
import Testing

@testable import SluiceNetwork

/// Streamed segments between both ends of ours, over TLS and HTTP/2 on the loopback.
@Suite(.timeLimit(.minutes(1))) struct StreamedSegmentTests {
    @Test func renditionsComeBackWhileTheSegmentGoesUp() async throws {
        try await StreamedHarness.running { harness in
            let feed = SegmentFeed()
            var events = harness.transport.stream(try harness.job(feed), to: harness.id).makeAsyncIterator()
            guard case .accepted = try await events.next() else { throw SegmentFailure(.refused, "not accepted first") }
            var whole = ByteBuffer()
            for number in 0..<5 {
                let piece = ByteBuffer(string: "piece \(number) of the segment ")
                whole.writeImmutableBuffer(piece)
                feed.append(piece)
                for _ in 0..<2 {
                    guard case .renditionBytes(_, let bytes) = try await events.next() else {
                        throw SegmentFailure(.refused, "piece \(number) did not come back")
                    }
                    #expect(bytes == piece)
                }
            }
            feed.finish(hash: Keccak256.hash(whole))
            var rest: [String] = []
            while let event = try await events.next() { rest.append("\(event)") }
            #expect(rest.count == 3 && rest.last == "finished")
            #expect(harness.transport.entries.first?.takesStreamedSegments == true)
            // The session is there for the next segment, streamed or not.
            await harness.transport.end(try #require(StreamID("stream")))
            #expect(harness.service.ended.count == 1)
        }
    }

    @Test func largePiecesComeWhole() async throws {
        try await StreamedHarness.running { harness in
            let feed = SegmentFeed()
            // Beyond every window on the way.
            let piece = ByteBuffer(repeating: 5, count: 9 << 20)
            feed.append(piece)
            feed.append(piece)
            var hash = Keccak256()
            for _ in 0..<2 { hash.update(piece) }
            feed.finish(hash: hash.finalize())
            let outcome = try await harness.outcome(feed)
            #expect(outcome.failure == nil)
            #expect(outcome.sizes == [18 << 20, 18 << 20])
        }
    }

    @Test func whoStopsIteratingIsFeltAtTheOtherEndAtOnce() async throws {
        try await StreamedHarness.running { harness in
            let feed = SegmentFeed()
            feed.append(ByteBuffer(string: "a beginning"))
            for try await event in harness.transport.stream(try harness.job(feed), to: harness.id) {
                if case .renditionBytes = event { break }
            }
            await harness.service.abandoned.wait()
        }
    }

    @Test func anAbandonedFeedEndsBothEnds() async throws {
        try await StreamedHarness.running { harness in
            let feed = SegmentFeed()
            feed.append(ByteBuffer(string: "a beginning"))
            let why = SegmentFailure(.cancelled, "the publisher left")
            let outcome = try await harness.outcome(feed) { feed.abandon(why) }
            #expect(outcome.failure == why)
            await harness.service.abandoned.wait()
        }
    }

    @Test func aFailureOfTheWorkEndsTheUpload() async throws {
        try await StreamedHarness.running { harness in
            harness.service.fail(with: SegmentFailure(.mediaUnusable, "No keyframes in input"))
            let feed = SegmentFeed()
            feed.append(ByteBuffer(string: "a beginning of what never ends"))
            let outcome = try await harness.outcome(feed)
            #expect(outcome.failure == SegmentFailure(.mediaUnusable, "No keyframes in input"))
        }
    }

    @Test func aWrongHashIsNoticed() async throws {
        try await StreamedHarness.running { harness in
            let feed = SegmentFeed()
            feed.append(ByteBuffer(string: "a segment that is long enough"))
            feed.finish(hash: [UInt8](repeating: 1, count: 32))
            let outcome = try await harness.outcome(feed)
            #expect(outcome.failure == SegmentFailure(.transcodeFailed, "the segment has not the hash it should"))
            #expect(outcome.complete.isEmpty)
        }
    }

    @Test func aHouseThatIsFullRefusesAtItsDoor() async throws {
        try await StreamedHarness.running { harness in
            let feed = SegmentFeed()
            feed.append(ByteBuffer(string: "a beginning"))
            // The token is given out while there is room.
            feed.finish(hash: Keccak256.hash(ByteBuffer(string: "a beginning")))
            harness.responder.onSegment { harness.service.close(except: nil) }
            let outcome = try await harness.outcome(feed)
            #expect(outcome.failure?.reason == .busy)
        }
    }

    @Test func aTokenOfAnEarlierProcessIsRenewed() async throws {
        try await StreamedHarness.running { harness in
            for round in 0..<2 {
                if round == 1 { try harness.restart() }
                let feed = SegmentFeed()
                let bytes = ByteBuffer(string: "a segment that is long enough")
                feed.append(bytes)
                feed.finish(hash: Keccak256.hash(bytes))
                let outcome = try await harness.outcome(feed)
                #expect(outcome.failure == nil && outcome.complete == [0, 1], "round \(round)")
            }
        }
    }

    @Test(arguments: [true, false]) func aTrailerThatDoesNotComeIsWaitedForNoLongerThanAllowed(ends: Bool) async throws {
        var clocks = StreamedSegmentClocks()
        clocks.silence = .milliseconds(200)
        try await StreamedHarness.running(clocks) { harness in
            let token = try await harness.token()
            let failure = try await harness.upload(token) { upload in
                try await upload.write(ByteBuffer(string: "a beginning"))
                if !ends { await Gate().wait() }
            }
            #expect(failure?.detail == (ends ? "the segment's hash did not follow it" : "Remote transcoder took too long"))
            await harness.service.abandoned.wait()
        }
    }

    @Test func bothClocksOfTheGatewayRunOut() async throws {
        let peer = ScriptedStreamer(answers: false)
        try await peer.running { transport, id in
            let outcome = try await StreamedHarness.outcome(StreamedHarness.wholeFeed(), transport, id)
            #expect(outcome.failure?.reason == .timedOut)
        }
        let other = ScriptedStreamer(answers: true)
        try await other.running { transport, id in
            let outcome = try await StreamedHarness.outcome(StreamedHarness.wholeFeed(), transport, id)
            #expect(outcome.failure?.reason == .timedOut)
        }
    }

    @Test func aWishForKeyFramesArrives() async throws {
        try await StreamedHarness.running { harness in
            for wish in [[8_589_934_591, nil], []] as [[Int64?]] {
                let job = try harness.job(StreamedHarness.wholeFeed()).beginningAnew(after: wish)
                for try await _ in harness.transport.stream(job, to: harness.id) {}
                #expect(harness.service.keyFrameAfter == wish)
            }
        }
    }

    @Test(arguments: ["", "1,2", "soon"]) func aWishThatCannotBeReadIsRefused(wish: String) async throws {
        try await StreamedHarness.running { harness in
            var message = Net_SegData()
            message.manifestID = Data("stream".utf8)
            message.authToken = try await harness.token()
            message.fullProfiles = [.with { ($0.name, $0.width, $0.height, $0.bitrate) = ("p", 320, 180, 1000) }]
            var head = harness.server.head(.post, OrchestratorEndpoint.streamedSegmentPath)
            head.headerFields[.livepeerSegment] = try SegmentCredentials.encode(message)
            head.headerFields[.sluiceKeyFrameAfter] = wish
            let (status, text) = try await harness.server.client().exchange(head) { answer, body in
                (answer.status, String(buffer: try await body.collect(upTo: 1000)))
            }
            #expect(status == .badRequest)
            #expect(text.contains("for each profile"))
            #expect(harness.service.jobs == 0)
        }
    }

    private static let text = [UInt8](repeating: 65, count: 30)

    @Test(arguments: [
        [[UInt8](repeating: 0x47, count: 188)], [[1, 9, 0, 0, 0, 1, 7]],
        [[1, 0, 0, 0, 0, 30] + text, [2, 0, 0, 0, 0, 40] + [UInt8](repeating: 0, count: 40)],
        [[3, 0, 0, 0, 0, 0]], [[1, 0, 0, 0, 0, 30]], [[1, 0, 255, 255, 255, 255]], [],
    ]) func aPeerThatBreaksTheProtocolIsNamed(frames: [[UInt8]]) async throws {
        let peer = ScriptedStreamer(answers: true, frames: frames)
        try await peer.running { transport, id in
            // The segment is far from its end: the answer alone ends the exchange.
            let outcome = try await StreamedHarness.outcome(SegmentFeed(), transport, id)
            #expect(outcome.failure?.reason == .protocolViolation, "\(String(describing: outcome.failure))")
        }
    }
}
