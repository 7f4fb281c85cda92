import Foundation
import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceGateway

/// A room that remembers who was told what.
private final class Room: WaitingRoom {
    private let heard = Mutex<[(tickets: [UInt64], text: String)]>([])

    func deliver(_ answer: LowLatencyAnswer, to tickets: [UInt64]) {
        heard.withLock { $0.append((tickets, text(of: answer))) }
    }

    var deliveries: [(tickets: [UInt64], text: String)] { heard.withLock { $0 } }
    var told: [UInt64] { deliveries.flatMap(\.tickets).sorted() }
}

private func text(of answer: LowLatencyAnswer) -> String {
    switch answer {
    case .found(let content): content.isCompressed ? "gzip" : content.pieces.map { String(buffer: $0) }.joined()
    case .gone: "gone"
    case .unknown: "unknown"
    case .refused: "refused"
    case .unavailable: "unavailable"
    case .waiting: "waiting"
    }
}

@Suite struct LowLatencyOutputTests {
    private let room = Room()

    private func output(
        _ settings: LowLatencySettings = .init(), renditions: [String] = ["small"], witness: SegmentWitness? = nil
    ) throws -> LowLatencyOutput {
        LowLatencyOutput(
            stream: try #require(StreamID("test")), renditions: renditions, settings: settings, segmentTarget: .seconds(2),
            witness: witness, wallClock: 1_704_067_200_000_000_000)
    }

    private func segmenter(_ output: LowLatencyOutput, first: Int64 = 0) throws -> LiveSegmenter {
        let segmenter = LiveSegmenter(
            stream: try #require(StreamID("test")), firstSequence: SegmentSequence(first),
            settings: .init(target: .seconds(2), hashing: false),
            now: { .now }, wallClock: { 1_704_067_200_000_000_000 }, onSegment: { _ in }, onWarning: { _ in },
            listener: SourceParts(output: output, warn: { _ in }))
        segmenter.configure(video: Self.video)
        return segmenter
    }

    static let video = VideoParameters(
        codec: .h264, width: 1280, height: 720, frameRate: Rational(30), configuration: [1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 0])

    private func send(_ frames: Range<Int>, to segmenter: LiveSegmenter, from origin: Int64 = 0) {
        for frame in frames {
            let time = MediaTime(milliseconds: origin + Int64((Double(frame) * 1000 / 30).rounded()))
            segmenter.consume(
                EncodedPacket(
                    track: .video, pts: time, dts: time, isKey: frame % 60 == 0, payload: ByteBuffer(repeating: 1, count: 100)))
        }
    }

    private func ask(_ output: LowLatencyOutput, _ request: LowLatencyRequest, _ ticket: UInt64 = 0, gzip: Bool = false) -> String {
        text(of: output.answer(request, Waiter(room: room, ticket: ticket, acceptsGzip: gzip)))
    }

    private func playlist(_ sequence: Int64? = nil, _ part: Int? = nil, of rendition: String = "source") -> LowLatencyRequest {
        .playlist(rendition: rendition, PlaylistReload(sequence: sequence, part: part))
    }

    @Test func theFirstSegmentSettlesWhatIsDeclared() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<60, to: segmenter)
        #expect(ask(output, .multivariant) == "unknown")
        #expect(ask(output, playlist(), 1) == "waiting")
        send(60..<67, to: segmenter)
        #expect(room.told == [1])
        let text = try #require(room.deliveries.first?.text)
        #expect(text.contains("#EXT-X-TARGETDURATION:2\n"))
        #expect(text.contains("#EXTINF:2.000"))
        #expect(!text.contains("#EXT-X-PART:"))
        #expect(ask(output, .multivariant).contains("test/source.m3u8"))
        #expect(ask(output, playlist()).contains("#EXT-X-PART:DURATION=0.20000"))
    }

    @Test func allWhoWaitForAPartAreToldAtOnceAndTheSame() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<63, to: segmenter)
        for ticket in 1...50 { #expect(ask(output, playlist(1, 0), UInt64(ticket)) == "waiting") }
        for ticket in 51...60 { #expect(ask(output, playlist(1, 0), UInt64(ticket), gzip: true) == "waiting") }
        #expect(ask(output, .part(rendition: "source", 10), 61) == "waiting")
        #expect(ask(output, .part(rendition: "source", 11)) == "unknown")
        #expect(ask(output, playlist(1, 1), 62) == "waiting")
        send(63..<65, to: segmenter)
        #expect(room.told.isEmpty)
        send(65..<66, to: segmenter)
        #expect(room.told == Array(1...61))
        // Plain, compressed, and the part.
        #expect(room.deliveries.count == 3)
        #expect(room.deliveries.first { $0.tickets.count == 50 }?.text.contains("part-10.m4s") == true)
        send(66..<72, to: segmenter)
        #expect(room.told == Array(1...62))
    }

    @Test func whoWaitsForTheWholeSegmentIsToldWithTheNextOnesFirstFrame() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<61, to: segmenter)
        #expect(ask(output, playlist(1), 1) == "waiting")
        send(61..<120, to: segmenter)
        #expect(room.told.isEmpty)
        send(120..<121, to: segmenter)
        #expect(room.told == [1])
    }

    @Test func theFirstViewerOfASegmentIsToldOnce() throws {
        let servings = Mutex<[SegmentServing]>([])
        let output = try output(
            witness: SegmentWitness(
                name: { _, sequence in sequence.rawValue == 2 ? nil : "\(sequence)" }, settled: { _ in },
                served: { one in servings.withLock { $0.append(one) } }))
        func told() -> [Int64] { servings.withLock { $0.map(\.sequence.rawValue) } }
        let segmenter = try segmenter(output)
        // A playlist that waits for its stream, one that is asked for, and one that waits for a part of the next segment.
        #expect(ask(output, playlist(), 1) == "waiting")
        send(0..<63, to: segmenter)
        #expect(told() == [0])
        _ = ask(output, playlist())
        #expect(told() == [0])
        #expect(ask(output, playlist(1, 0), 2) == "waiting")
        #expect(told() == [0], "who waits has nothing yet")
        send(63..<70, to: segmenter)
        #expect(room.told == [1, 2] && told() == [0, 1])
        // The part alone is no playlist; the second is not wanted by the witness.
        send(70..<190, to: segmenter)
        _ = ask(output, .part(rendition: "source", 22))
        #expect(told() == [0, 1])
        _ = ask(output, playlist())
        #expect(told() == [0, 1, 3])
        #expect(servings.withLock { $0.allSatisfy { $0.isLowLatency && $0.rendition == "source" && $0.listed <= $0.served } })
        // Renditions are told of by their own playlists, once they show anything.
        let coding = try MediaCoding(rendition: "small", .init(video: Self.video, audio: nil))
        let schedule = try #require(output.schedule(of: SegmentSequence(1)))
        let part = RenditionPackager.Part(index: 0, bytes: ByteBuffer(string: "0"), isIndependent: true)
        #expect(output.publish(rendition: 0, of: schedule, part, coding))
        _ = ask(output, playlist(of: "small"))
        #expect(servings.withLock { $0.last.map { ($0.rendition, $0.sequence.rawValue) } }.map { $0 == ("small", 1) } == true)
        // Those that left the playlist before anybody looked were never served.
        send(190..<1300, to: segmenter)
        let before = told().count
        _ = ask(output, playlist())
        #expect(told().count - before <= LowLatencySettings().window + 2 && told().last == 21)
    }

    @Test func waitsAreBoundedAndCancelled() throws {
        var settings = LowLatencySettings()
        settings.mostWaiting = 1
        let output = try output(settings)
        let segmenter = try segmenter(output)
        send(0..<61, to: segmenter)
        let answer = output.answer(playlist(1, 0), Waiter(room: room, ticket: 1, acceptsGzip: false))
        #expect(ask(output, playlist(1, 0), 2) == "unavailable")
        guard case .waiting(let giveUpAfter, let cancel) = answer else {
            Issue.record("no wait")
            return
        }
        #expect(giveUpAfter == .seconds(6))
        cancel()
        #expect(ask(output, playlist(1, 0), 3) == "waiting")
        send(61..<70, to: segmenter)
        #expect(room.told == [3])
    }

    @Test func aReturningPublisherGoesOnBehindADiscontinuity() throws {
        let output = try output()
        let first = try segmenter(output)
        send(0..<130, to: first)
        #expect(ask(output, playlist(2, 1), 1) == "waiting")
        let second = try segmenter(output, first: 3)
        send(0..<7, to: second)
        // The publisher that was replaced says no more.
        send(130..<180, to: first)
        first.finish()
        let text = ask(output, playlist())
        #expect(text.contains("#EXT-X-DISCONTINUITY\n"))
        #expect(text.contains("segment-2.m4s"))
        // What of the first one's last part had not gone out went with it.
        #expect(text.components(separatedBy: "#EXT-X-PART:").last?.contains("part-21.m4s\",INDEPENDENT=YES") == true)
    }

    @Test func aRenditionHasTheSegmentsOfTheSource() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<240, to: segmenter)
        let coding = try MediaCoding(rendition: "small", .init(video: Self.video, audio: nil))
        func schedule(_ sequence: Int64) throws -> SourceSchedule { try #require(output.schedule(of: SegmentSequence(sequence))) }
        func parts(_ count: Int) -> [Int: RenditionPackager.Part] {
            Dictionary(
                uniqueKeysWithValues: (0..<count).map {
                    ($0, RenditionPackager.Part(index: $0, bytes: ByteBuffer(string: "\($0) "), isIndependent: $0 == 0))
                })
        }
        // Nothing has come yet, so nothing is listed.
        output.publish(rendition: 0, of: try schedule(0), [:], nil)
        #expect(ask(output, playlist(of: "small"), 1) == "waiting")
        output.publish(rendition: 0, of: try schedule(1), parts(10), coding)
        #expect(room.told == [1])
        // Three parts are missing at the end; then a segment was left out altogether.
        output.publish(rendition: 0, of: try schedule(3), parts(7), coding)
        let text = ask(output, playlist(of: "small"))
        #expect(text.contains("#EXT-X-MEDIA-SEQUENCE:1\n"))
        #expect(text.contains("#EXT-X-GAP\n#EXTINF:2.00000,\nsmall/segment-2.m4s"))
        #expect(text.components(separatedBy: "GAP=YES").count - 1 == 1 + 3)
        #expect(text.contains("#EXT-X-RENDITION-REPORT:URI=\"source.m3u8\",LAST-MSN=3,LAST-PART=9"))
        #expect(ask(output, .segment(rendition: "small", 1)) == (0..<10).map { "\($0) " }.joined())
        #expect(ask(output, .segment(rendition: "small", 2)) == "unknown")
        output.publishSource(as: 0, of: try schedule(3))
        #expect(ask(output, playlist(of: "small")) == text)
    }

    private func part(_ index: Int) -> RenditionPackager.Part {
        RenditionPackager.Part(index: index, bytes: ByteBuffer(string: "\(index) "), isIndependent: index == 0)
    }

    @Test func aPartOfARenditionIsListedAtOnceAndOnlyInItsPlace() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<80, to: segmenter)
        let coding = try MediaCoding(rendition: "small", .init(video: Self.video, audio: nil))
        let schedule = try #require(output.schedule(of: SegmentSequence(1)))
        #expect(schedule.parts.count == 3)
        #expect(ask(output, playlist(of: "small"), 1) == "waiting")
        #expect(output.publish(rendition: 0, of: schedule, part(0), coding))
        #expect(room.told == [1])
        #expect(ask(output, playlist(1, 1, of: "small"), 2) == "waiting")
        // The second does not come.
        #expect(output.publish(rendition: 0, of: schedule, part(2), coding))
        #expect(room.told == [1, 2])
        let text = ask(output, playlist(of: "small"))
        #expect(text.components(separatedBy: "#EXT-X-PART:").count - 1 == 3)
        #expect(text.components(separatedBy: "GAP=YES").count - 1 == 1)
        #expect(ask(output, .segment(rendition: "small", 1)) == "unknown")
        // Neither again, nor one that the source has not got.
        #expect(!output.publish(rendition: 0, of: schedule, part(0), coding))
        #expect(!output.publish(rendition: 0, of: schedule, part(3), coding))
        send(80..<121, to: segmenter)
        output.endBegun(rendition: 0, of: try #require(output.schedule(of: SegmentSequence(1))))
        #expect(ask(output, .segment(rendition: "small", 1)) == "0 2 ")
        #expect(!output.publish(rendition: 0, of: schedule, part(1), coding))
    }

    @Test func anAbsenceWaitsForASegmentInTheMaking() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<130, to: segmenter)
        let coding = try MediaCoding(rendition: "small", .init(video: Self.video, audio: nil))
        #expect(output.publish(rendition: 0, of: try #require(output.schedule(of: SegmentSequence(2))), part(0), coding))
        segmenter.finish()
        let life = try #require(output.beginAbsence(.gap))
        for _ in 0..<3 { #expect(output.bridge(in: life)) }
        #expect(!ask(output, playlist(of: "small")).contains("GAP=YES"))
        let schedule = try #require(output.schedule(of: SegmentSequence(2)))
        #expect(output.publish(rendition: 0, of: schedule, part(1), coding))
        output.endBegun(rendition: 0, of: schedule)
        #expect(output.bridge(in: life))
        let text = ask(output, playlist(of: "small"))
        #expect(text.contains("small/segment-2.m4s"))
        #expect(text.components(separatedBy: "GAP=YES").count - 1 == 4)
    }

    @Test func whileNobodyPublishesThePlaylistsGoOn() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<130, to: segmenter)
        segmenter.finish()
        let life = try #require(output.beginAbsence(.gap))
        for _ in 0..<12 { #expect(output.bridge(in: life)) }
        let text = ask(output, playlist())
        #expect(text.components(separatedBy: "GAP=YES").count - 1 == 12)
        #expect(text.contains("#EXT-X-GAP\n#EXTINF:2.299"))
        #expect(!text.contains("ENDLIST"))
        let next = try self.segmenter(output, first: 3)
        #expect(!output.bridge(in: life))
        send(0..<67, to: next)
        #expect(ask(output, playlist()).contains("#EXT-X-DISCONTINUITY\n"))
        output.end()
        #expect(ask(output, playlist()).contains("#EXT-X-ENDLIST"))
    }

    @Test func aLongSegmentIsListedAsSeveral() throws {
        let output = try output()
        let segmenter = try segmenter(output)
        send(0..<61, to: segmenter)
        // No key frame for four seconds.
        for frame in 61..<180 {
            let time = MediaTime(milliseconds: Int64((Double(frame) * 1000 / 30).rounded()))
            segmenter.consume(
                EncodedPacket(track: .video, pts: time, dts: time, isKey: false, payload: ByteBuffer(repeating: 1, count: 100)))
        }
        send(180..<187, to: segmenter)
        let text = ask(output, playlist())
        let lengths = text.split(separator: "\n").filter { $0.hasPrefix("#EXTINF:") }.compactMap { Double($0.dropFirst(8).dropLast()) }
        #expect(lengths.allSatisfy { $0 < 2.5 })
        #expect(abs(lengths.reduce(0, +) - 6) < 0.01)
        #expect(!text.contains("#EXT-X-INDEPENDENT-SEGMENTS"))
    }
}
