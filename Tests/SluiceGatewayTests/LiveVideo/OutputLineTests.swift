import NIOCore
import SluiceTesting
import SluiceTypes
import Testing

@testable import SluiceGateway

/// Segments of two seconds, of one key frame each.
@Suite struct OutputLineTests {
    private func segment(_ seconds: Double) throws -> ByteBuffer {
        try Fixture.bytes("media/av720p30gop2s.ts").shifted(by: MediaTime(seconds: seconds))
    }

    private func take(_ line: inout OutputLine, _ bytes: ByteBuffer, near: MediaTime) throws -> [EncodedPacket] {
        line.begin(near: near)
        let packets = try line.take(bytes, near: near) + line.take(nil, near: near)
        for packet in packets { line.keep(packet) }
        return packets
    }

    private func pictures(_ packets: [EncodedPacket]) -> [EncodedPacket] { packets.filter { $0.track == .video } }

    @Test(arguments: [100.0, 40_000]) func aClockThatJumpsAheadIsBroughtBackWithTheNextKeyFrame(jump: Double) throws {
        var line = OutputLine(takesSound: true)
        let first = pictures(try take(&line, try segment(0), near: .zero))
        let end = try #require(line.newest)
        let near = end + MediaTime(milliseconds: 500)
        let packets = try take(&line, try segment(jump), near: near)
        let next = pictures(packets)
        #expect(first.count == 60 && next.count == 60 && next.first?.isKey == true)
        #expect(next.first?.pts == near, "the source is there")
        #expect(zip(next, next.dropFirst()).allSatisfy { $0.dts < $1.dts })
        #expect(packets.allSatisfy { $0.pts < near + MediaTime(milliseconds: 2500) }, "sound, too")
        #expect(packets.contains { $0.track == .audio })
        // From there on it goes on as before.
        let later = pictures(try take(&line, try segment(jump + 2), near: near + MediaTime(milliseconds: 2000)))
        #expect(later.count == 60 && abs((later[0].pts - next[0].pts).seconds - 2) < 0.01)
    }

    @Test func whatComesBeforeThatKeyFrameIsLeftOut() throws {
        var line = OutputLine(takesSound: true)
        var whole = try segment(0)
        let half = whole.readSlice(length: whole.readableBytes / 2 / 188 * 188) ?? ByteBuffer()
        line.begin(near: .zero)
        for packet in try line.take(half, near: .zero) { line.keep(packet) }
        let newest = try #require(line.newest)
        let rest = try line.take(whole.shifted(by: MediaTime(seconds: 60)), near: newest)
        // What had begun before is whole now.
        #expect(rest.allSatisfy { $0.pts <= newest + MediaTime(milliseconds: 1500) }, "\(rest.map(\.pts))")
        let next = pictures(try take(&line, try segment(62), near: newest))
        #expect(next.first.map { $0.isKey && $0.pts > newest } == true)
    }

    /// As a worker's that goes on after the publisher was silent, or one that is slow.
    @Test func aStepThatTheSourceMadeTooIsNone() throws {
        var line = OutputLine(takesSound: true)
        _ = try take(&line, try segment(0), near: .zero)
        let next = pictures(try take(&line, try segment(30), near: MediaTime(milliseconds: 32_000)))
        #expect(next.count == 60 && next.first.map { $0.pts.seconds > 29 } == true)
        let slow = pictures(try take(&line, try segment(32), near: MediaTime(milliseconds: 60_000)))
        #expect(slow.count == 60 && slow.first.map { $0.pts.seconds < 34 } == true)
    }
}
