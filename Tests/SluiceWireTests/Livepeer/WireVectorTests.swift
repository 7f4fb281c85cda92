import Foundation
import NIOCore
import SluiceProto
import SluiceTypes
import SwiftProtobuf
import Testing

@testable import SluiceWire

/// The off-chain vectors of specs/transcoding-protocol, appendix A.
@Suite struct WireVectorTests {
    static let presets = "P240p30fps16x9,P360p30fps16x9"
    static let tokens = SessionTokens(secret: Array(0...31))
    static let token = Net_AuthToken.with {
        $0.sessionID = "9f8e7d6c"
        $0.expiration = 1_767_225_600
        $0.token = Data(hexBytes("05d9b54c3d6ed72685c3ba0eaa05839caea3ce9d2262a0b964be8886d218ed7c"))
    }

    @Test func aDiscoveryRequestIsTheRecordedBytes() throws {
        let profiles = try ProfileText.parse(Self.presets)
        let request = Net_OrchestratorRequest.with {
            $0.address = Data(repeating: 0, count: 20)
            $0.capabilities = JobCapabilities.of(profiles: profiles, input: .h264, isPushed: false).jobMessage()
        }
        #expect(
            Array(buffer: try GRPCFrame.encode(request))
                == hexBytes("000000001e 0a1400000000000000000000000000000000000000001a060a0283202a00"))
    }

    @Test func aTokenIsTheKnownHash() {
        #expect(Self.tokens.verify(Self.token, now: 1_767_225_600) == .valid)
        #expect(Self.tokens.verify(Self.token, now: 1_767_225_601) == .expired)
        #expect(Self.tokens.verify(nil, now: 0) == .missing)
    }

    @Test func aSegmentHeaderIsTheKnownText() throws {
        let source = ByteBuffer(string: "hello livepeer")
        let message = SegmentCredentials.message(
            for: try job(source), hash: Keccak256.hash(source), token: Self.token,
            capabilities: CapabilitySet(words: [4099]))
        let expected = """
            CghhMWIyYzNkNBAHGiCyNjwaCBa+WsIFlD7OWARLm5AQL/UXbHHEA9JCKQ7xYiIHaW52YWxpZDDQDzoGCgKDICoAQjIKIAXZtUw9btcmhcO6\
            DqoFg5yuo86dImKguWS+iIbSGO18Egg5ZjhlN2Q2YxiA8tbKBooCIYIBDlAyNDBwMzBmcHMxNng5iAGqA5AB8AGYAcDPJKABHooCIYIBDlAz\
            NjBwMzBmcHMxNng5iAGABZAB6AKYAYCfSaABHg==
            """
        #expect(try SegmentCredentials.encode(message) == expected)
    }

    @Test func theKnownHeaderIsUnderstood() throws {
        let source = ByteBuffer(string: "hello livepeer")
        let message = SegmentCredentials.message(
            for: try job(source), hash: Keccak256.hash(source), token: Self.token,
            capabilities: CapabilitySet(words: [4099]))
        let request = try SegmentRequest(
            segmentHeader: try SegmentCredentials.encode(message), paymentHeader: nil,
            offer: CapabilitySet.networkDefault.offerMessage(version: "0.1.0"), tokens: Self.tokens, now: 1_767_225_000)
        #expect(request.stream.rawValue == "a1b2c3d4")
        #expect(request.sequence.rawValue == 7)
        #expect(request.duration == .seconds(2))
        #expect(request.profiles == (try ProfileText.parse(Self.presets)))
        #expect(request.session == SessionID("9f8e7d6c"))
        #expect(request.objection == nil)
        #expect(request.hash == Keccak256.hash(source))
    }

    @Test func aResultIsTheKnownBytes() throws {
        let result = Net_TranscodeResult.with {
            $0.seq = 7
            $0.data = .with {
                $0.segments = [("P240p30fps16x9", 6_134_400), ("P360p30fps16x9", 13_824_000)].map { name, pixels in
                    .with {
                        $0.url = "https://127.0.0.1:8935/stream/9f8e7d6c/\(name)/7.ts"
                        $0.pixels = Int64(pixels)
                    }
                }
            }
        }
        let expected = hexBytes(
            """
            08071a86010a410a3a68747470733a2f2f3132372e302e302e313a383933352f73747265616d2f39663865376436632f50323430
            703330667073313678392f372e74731080b5f6020a410a3a68747470733a2f2f3132372e302e302e313a383933352f7374726561
            6d2f39663865376436632f50333630703330667073313678392f372e74731080e0cb06
            """)
        #expect(try result.serializedBytes() as [UInt8] == expected)
        let busy = try Net_TranscodeResult(serializedBytes: hexBytes("080712104f7263686573747261746f7242757379"))
        #expect(TranscodeFailureText.failure(busy.error) == SegmentFailure(.busy, "OrchestratorBusy"))
    }

    @Test func aTearDownNoticeIsTheKnownBytes() throws {
        let notice = Net_NotifySegment.with { $0.segData.authToken.sessionID = "9f8e7d6c" }
        #expect(try notice.serializedBytes() as [UInt8] == hexBytes("1a0c420a12083966386537643663"))
    }

    @Test func anIntraOnlyProfileIsTheKnownBytes() throws {
        let profile = TranscodeProfile(
            name: "x", width: 0, height: 0, bitrate: 0, frameRate: Rational(30000, 1001), keyFrames: .intraOnly)
        let expected = hexBytes("82010178a001b0ea01b001e907c001ffffffffffffffffff01")
        #expect(try profile.message.serializedBytes() as [UInt8] == expected)
        #expect(try TranscodeProfile(Net_VideoProfile(serializedBytes: expected)) == profile)
    }

    private func job(_ source: ByteBuffer) throws -> SegmentJob {
        let now = ContinuousClock.now
        let segment = Segment(
            stream: try #require(StreamID("a1b2c3d4")), sequence: SegmentSequence(7), container: .mpegTS, bytes: source,
            start: .zero, duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 60,
            hash: nil, timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
        return SegmentJob(segment: segment, profiles: try ProfileText.parse(Self.presets))
    }
}
