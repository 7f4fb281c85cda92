import Foundation
import SluiceProto
import SluiceTypes
import SwiftProtobuf
import Testing

@testable import SluiceWire

@Suite struct SegmentRequestTests {
    /// Refusals that the headers alone decide, as the reference orchestrator gave them.
    static let byHeaders: Set<String> = [
        "missing-token", "invalid-token", "invalid-token-other-session", "expired-token-changed-expiry",
        "segment-header-missing", "segment-bad-base64", "segment-base64-without-padding", "segment-url-alphabet",
        "segment-not-protobuf", "payment-bad-base64", "payment-not-protobuf", "incompatible-capabilities",
        "duration-negative", "duration-too-long", "unknown-format", "unknown-encoder-profile", "unknown-codec",
    ]
    static let offer = CapabilitySet(words: [94_487_339_007]).offerMessage(version: "0.9.1")

    let tokens = SessionTokens(secret: Array("a secret of the test's own".utf8))

    @Test func refusesAsTheReferenceDoes() throws {
        let exchanges = try WireFixture.exchanges("orch-answers").filter {
            Self.byHeaders.contains($0["name"] as? String ?? "")
        }
        #expect(exchanges.count == Self.byHeaders.count)
        for exchange in exchanges {
            let name = try #require(exchange["name"] as? String)
            let refusal = #expect(throws: SegmentRefusal.self, "\(name)") { try read(exchange) }
            #expect(refusal?.status == exchange["status"] as? Int, "\(name)")
            #expect(refusal.map { $0.text + "\n" } == exchange["body_text"] as? String, "\(name)")
        }
    }

    /// With our own token in place of the recorded one, everything but the token trouble goes through to the 200.
    @Test(arguments: [
        ("ok-one-profile", nil), ("no-profiles", nil), ("eleven-profiles", "Too many outputs"), ("garbage-media", nil),
        ("clip-from-after-to", "TranscoderInvalidClipConfig"),
    ])
    func acceptsAsTheReferenceDoes(name: String, objection: String?) throws {
        let exchange = try #require(
            try WireFixture.exchanges("orch-answers").first { $0["name"] as? String == name })
        let header = try #require(WireFixture.header("livepeer-segment", of: exchange))
        var message = try Net_SegData(serializedBytes: try #require(HeaderBase64.decode(header)))
        message.authToken = try tokens.issue(now: 1000)
        let request = try read(try SegmentCredentials.encode(message))
        #expect(request.objection == objection)
        #expect(request.session.rawValue.count == 32)
    }

    @Test(arguments: [
        (0, 0, "x", "TranscoderInvalidResolution"), (100_000, 100_000, "x", "TranscoderInvalidResolution"),
        (-2, 2, "x", "TranscoderInvalidResolution"), (640, 360, "a/b", "Invalid argument"),
        (640, 360, "..", "Invalid argument"), (640, 360, "a\nb", "Invalid argument"),
    ])
    func hopelessProfilesAreNamedSo(width: Int32, height: Int32, name: String, objection: String) throws {
        #expect(try readOne { ($0.width, $0.height, $0.name) = (width, height, name) }.objection == objection)
    }

    @Test func aNamelessProfileGetsTheReceiversName() throws {
        #expect(try readOne { $0.name = "" }.profiles.first?.name == "net_320x180_1000")
    }

    @Test func aGopBelowIntraIsHopeless() throws {
        #expect(try readOne { $0.gop = -2 }.objection == "TranscoderInvalidGOP")
    }

    @Test(arguments: ["../../etc/passwd", "", "a b", String(repeating: "x", count: 500)])
    func aManifestThatIsNoNameGivesWay(manifest: String) throws {
        var message = Net_SegData()
        message.manifestID = Data(manifest.utf8)
        message.authToken = try tokens.issue(now: 1000)
        let request = try read(try SegmentCredentials.encode(message))
        #expect(request.stream.rawValue == request.session.rawValue)
        #expect(request.duration == .seconds(2))
    }

    @Test func anExpiredTokenIsRefused() throws {
        var message = Net_SegData()
        message.authToken = try tokens.issue(now: 1000 - 1801)
        let header = try SegmentCredentials.encode(message)
        let refusal = #expect(throws: SegmentRefusal.self) { try read(header) }
        #expect(refusal == SegmentRefusal(status: 403, text: "expired auth token"))
    }

    @Test func hugeFieldsAreTakenOrRefusedButNeverTrap() throws {
        let extremes: [Int32] = [.min, -1, 0, .max]
        for value in extremes {
            _ = try readOne {
                ($0.width, $0.height, $0.bitrate, $0.gop) = (value, value, value, value)
                ($0.fps, $0.fpsDen, $0.quality) = (.max, .max, .max)
            }
        }
    }

    private func readOne(_ change: (inout Net_VideoProfile) -> Void) throws -> SegmentRequest {
        var profile = Net_VideoProfile.with { ($0.name, $0.width, $0.height, $0.bitrate) = ("p", 320, 180, 1000) }
        change(&profile)
        var message = Net_SegData()
        message.fullProfiles3 = [profile]
        message.authToken = try tokens.issue(now: 1000)
        return try read(try SegmentCredentials.encode(message))
    }

    private func read(_ exchange: [String: Any]) throws -> SegmentRequest {
        try SegmentRequest(
            segmentHeader: WireFixture.header("livepeer-segment", of: exchange),
            paymentHeader: WireFixture.header("livepeer-payment", of: exchange), offer: Self.offer, tokens: tokens, now: 1000)
    }

    private func read(_ header: String) throws -> SegmentRequest {
        try SegmentRequest(segmentHeader: header, paymentHeader: "", offer: Self.offer, tokens: tokens, now: 1000)
    }
}
