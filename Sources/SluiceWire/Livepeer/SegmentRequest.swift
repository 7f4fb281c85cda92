#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import SluiceProto
package import SluiceTypes
import SwiftProtobuf

/// What the headers of a `/segment` request ask for, checked in the reference's order (specs/transcoding-protocol §3.3).
package struct SegmentRequest: Sendable {
    /// A segment that says nothing of its duration counts as this (§3.4).
    static let assumedDuration: Int32 = 2000
    static let longestDuration: Int32 = 300_000

    package let stream: StreamID
    package let sequence: SegmentSequence
    package let duration: Duration
    /// As sent; a wrong length simply never matches.
    package let hash: [UInt8]
    package let profiles: [TranscodeProfile]
    package let slice: SegmentSlice?
    package let token: Net_AuthToken
    package let session: SessionID
    /// What the payer says that a unit costs; `nil` where it says nothing, as off-chain. Never what is charged.
    package let expectedPrice: Price?
    /// Why the job is hopeless though the request is in order: goes out as `TranscodeResult.error`.
    package let objection: String?

    /// Steps 1 to 9: all that can be judged without looking at the sessions that run.
    ///
    /// - Parameters:
    ///   - offer: this orchestrator's own capabilities.
    ///   - now: Unix seconds.
    package init(
        segmentHeader: String?, paymentHeader: String?, offer: Net_Capabilities, tokens: SessionTokens, now: Int64
    ) throws(SegmentRefusal) {
        expectedPrice = try Self.expectedPrice(in: paymentHeader ?? "")
        let message = try Self.parse(segmentHeader ?? "")
        let profiles = try Self.profiles(of: message)
        guard (0...Self.longestDuration).contains(message.duration) else {
            throw SegmentRefusal(status: 403, text: "invalid duration")
        }
        guard CapabilityMatch.allows(message.capabilities, offer: offer) else {
            throw SegmentRefusal(status: 403, text: "incompatible capabilities")
        }
        let verdict = tokens.verify(message.hasAuthToken ? message.authToken : nil, now: now)
        guard verdict == .valid else { throw SegmentRefusal(status: 403, text: verdict.rawValue) }

        self.token = message.authToken
        self.session = SessionID(message.authToken.sessionID)
        self.sequence = SegmentSequence(message.seq)
        self.duration = .milliseconds(message.duration == 0 ? Self.assumedDuration : message.duration)
        self.hash = Array(message.hash)
        self.profiles = profiles
        let clip = message.segmentParameters
        self.slice = SegmentSlice(fromMilliseconds: Int(clamping: clip.from), toMilliseconds: Int(clamping: clip.to))
        self.objection = Self.objection(to: message, profiles)
        self.stream = Self.stream(of: message)
    }

    /// - Parameter header: of `Livepeer-Payment`.
    package static func expectedPrice(in header: String) throws(SegmentRefusal) -> Price? {
        guard let bytes = HeaderBase64.decode(header) else {
            let place = HeaderBase64.firstIllegalByte(in: header)
            throw SegmentRefusal(
                status: 402, text: "base64 decode error: illegal base64 data at input byte \(place)")
        }
        guard let payment = try? Net_Payment(serializedBytes: bytes) else {
            throw SegmentRefusal(status: 402, text: "protobuf unmarshal error: \(GRPCFrame.Fault.undecodable)")
        }
        let told = payment.expectedPrice
        // An empty price is how nothing is said.
        guard payment.hasExpectedPrice, told.pricePerUnit != 0 || told.pixelsPerUnit != 0 else { return nil }
        guard let price = Price(pricePerUnit: told.pricePerUnit, pixelsPerUnit: told.pixelsPerUnit) else {
            throw SegmentRefusal(
                status: 402, text: "the payment names a price of \(told.pricePerUnit) wei for \(told.pixelsPerUnit) units, which is none")
        }
        return price
    }

    private static func parse(_ header: String) throws(SegmentRefusal) -> Net_SegData {
        guard let bytes = HeaderBase64.decode(header) else {
            throw SegmentRefusal(status: 403, text: "ErrorSegEncoding")
        }
        guard let message = try? Net_SegData(serializedBytes: bytes) else {
            throw SegmentRefusal(status: 403, text: "\(GRPCFrame.Fault.undecodable)")
        }
        return message
    }

    private static func profiles(of message: Net_SegData) throws(SegmentRefusal) -> [TranscodeProfile] {
        let sent =
            if !message.fullProfiles3.isEmpty {
                message.fullProfiles3
            } else if !message.fullProfiles2.isEmpty {
                message.fullProfiles2
            } else {
                message.fullProfiles
            }
        var profiles: [TranscodeProfile] = []
        for profile in sent { profiles.append(try TranscodeProfile(profile)) }
        return profiles
    }

    /// A range of 0 to 0 means no bounds (§4.4).
    private static func objection(to message: Net_SegData, _ profiles: [TranscodeProfile]) -> String? {
        let clip = message.segmentParameters
        if clip.from != 0 && clip.to != 0 && clip.to < clip.from { return "TranscoderInvalidClipConfig" }
        return ProfileLimits.objection(to: profiles)
    }

    /// The gateway's name for the stream serves logs only. One that cannot be a file's or a path's name gives way to our own
    /// session id.
    private static func stream(of message: Net_SegData) -> StreamID {
        let named = String(validating: message.manifestID, as: UTF8.self).flatMap { StreamID($0) }
        guard let stream = named ?? StreamID(message.authToken.sessionID) ?? StreamID("unnamed") else {
            preconditionFailure("`unnamed` is a stream id")
        }
        return stream
    }
}
