import Foundation
import NIOCore
import SluiceProto
import SluiceTypes
import SwiftProtobuf
import Testing

@testable import SluiceWire

/// What the reference implementation put on the wire, through our codecs.
@Suite struct RecordedExchangeTests {
    @Test func discoveryIsReadAndWrittenBack() throws {
        let exchanges = try WireFixture.exchanges("gw-get-orchestrator")
        #expect(exchanges.count == 8)
        for exchange in exchanges {
            let request = try bytes("request_body_hex", of: exchange)
            let message = try GRPCFrame.decode(Net_OrchestratorRequest.self, from: ByteBuffer(bytes: request))
            #expect(message.unknownFields.data.isEmpty)
            // The live AI request has maps, whose order is free.
            if message.capabilities.capacities.isEmpty {
                #expect(Array(buffer: try GRPCFrame.encode(message)) == request)
            }
            let answer = try GRPCFrame.decode(
                Net_OrchestratorInfo.self, from: ByteBuffer(bytes: try bytes("response_body_hex", of: exchange)))
            #expect(answer.unknownFields.data.isEmpty && answer.capabilities.unknownFields.data.isEmpty)
            #expect(answer.transcoder == "https://127.0.0.1:8945" && answer.authToken.token.count == 32)
            let isLive = message.capabilities.bitstring.first.map { $0 & (1 << 35) != 0 } ?? false
            #expect(CapabilityMatch.allows(message.capabilities, offer: answer.capabilities) || isLive)
        }
    }

    @Test func segmentsAreReadAndWrittenBack() throws {
        let exchanges = try WireFixture.exchanges("gw-segment")
        #expect(exchanges.count == 17)
        for exchange in exchanges {
            let recorded = try bytes("livepeer_segment_hex", of: exchange)
            let header = try #require(WireFixture.header("livepeer-segment", of: exchange))
            let message = try Net_SegData(serializedBytes: try #require(HeaderBase64.decode(header)))
            #expect(message.unknownFields.data.isEmpty)
            #expect(try message.serializedBytes() as [UInt8] == recorded)
            #expect(try SegmentCredentials.encode(message) == header)

            let sent = [message.fullProfiles, message.fullProfiles2, message.fullProfiles3].filter { !$0.isEmpty }
            #expect(sent.count == 1)
            for profile in sent.joined() {
                var again = try TranscodeProfile(profile).message
                // 1 and 0 mean the same, and the colour fields are ignored by every receiver.
                again.fpsDen = profile.fpsDen <= 1 ? profile.fpsDen : again.fpsDen
                again.colorDepth = profile.colorDepth
                again.chromaFormat = profile.chromaFormat
                #expect(again == profile)
            }
        }
    }

    @Test func aSliceIsAskedForAsTheReferenceAsksForIt() throws {
        let exchange = try #require(
            try WireFixture.exchanges("gw-segment").first { $0["case"] as? String == "Content-Slice-From/To" })
        let recorded = try Net_SegData(serializedBytes: try bytes("livepeer_segment_hex", of: exchange))
        let now = ContinuousClock.now
        let segment = Segment(
            stream: try #require(StreamID("pushcap")), sequence: SegmentSequence(4), container: .mpegTS, bytes: ByteBuffer(), start: .zero,
            duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 0, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
        let job = SegmentJob(
            segment: segment, profiles: try ProfileText.parse(WireVectorTests.presets),
            slice: SegmentSlice(fromMilliseconds: 500, toMilliseconds: 1500))
        let capabilities = JobCapabilities.of(job, isPushed: false)
        let message = SegmentCredentials.message(
            for: job, hash: Array(recorded.hash), token: recorded.authToken, capabilities: capabilities)
        #expect(try message.serializedBytes() as [UInt8] == recorded.serializedBytes() as [UInt8])

        let tokens = SessionTokens(secret: Array("a secret of the test's own".utf8))
        var own = message
        own.authToken = try tokens.issue(now: 1000)
        let request = try SegmentRequest(
            segmentHeader: try SegmentCredentials.encode(own), paymentHeader: nil,
            offer: CapabilitySet.networkDefault.offerMessage(version: "0.1.0"), tokens: tokens, now: 1000)
        #expect(request.slice == job.slice && request.objection == nil)
    }

    @Test func resultsAreRead() throws {
        for exchange in try WireFixture.exchanges("gw-segment") {
            let result = try Net_TranscodeResult(serializedBytes: try bytes("response_body_hex", of: exchange))
            #expect(result.unknownFields.data.isEmpty)
            #expect(result.hasInfo && result.info.hasAuthToken)
            switch result.result {
            case .data(let data): #expect(data.segments.allSatisfy { $0.url.contains("/stream/") && $0.pixels > 0 })
            case .error(let text): #expect(TranscodeFailureText.failure(text).reason == .mediaUnusable)
            case nil: Issue.record("no result in \(exchange["case"] ?? "")")
            }
        }
    }

    @Test func endOfSessionIsReadAndWrittenBack() throws {
        let exchanges = try WireFixture.exchanges("gw-end-session")
        #expect(!exchanges.isEmpty)
        for exchange in exchanges {
            let request = try bytes("request_body_hex", of: exchange)
            let message = try GRPCFrame.decode(Net_EndTranscodingSessionRequest.self, from: ByteBuffer(bytes: request))
            #expect(message.authToken.sessionID.count == 8)
            #expect(Array(buffer: try GRPCFrame.encode(message)) == request)
        }
    }

    private func bytes(_ field: String, of exchange: [String: Any]) throws -> [UInt8] {
        hexBytes(try #require(exchange[field] as? String))
    }
}
