#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import SluiceProto
package import SluiceTypes

/// A gateway's side of the `Livepeer-Segment` header (specs/transcoding-protocol §3.1, §4).
package enum SegmentCredentials {
    /// - Parameters:
    ///   - hash: Keccak-256 of the segment's bytes.
    ///   - token: the orchestrator's, echoed whole.
    ///   - capabilities: what the job needs; see `JobCapabilities`.
    package static func message(
        for job: SegmentJob, hash: [UInt8], token: Net_AuthToken, capabilities: CapabilitySet,
        minimumVersion: String = ""
    ) -> Net_SegData {
        var message = Net_SegData()
        message.manifestID = Data(job.segment.stream.rawValue.utf8)
        message.seq = job.segment.sequence.rawValue
        message.hash = Data(hash)
        // Poison for peers older than the profile lists (§4.3).
        message.profiles = Data("invalid".utf8)
        message.duration = Int32(clamping: Int64(job.segment.duration.inMilliseconds))
        message.capabilities = capabilities.jobMessage(minimumVersion: minimumVersion)
        message.authToken = token
        if let slice = job.slice {
            message.segmentParameters.from = UInt64(slice.fromMilliseconds)
            message.segmentParameters.to = UInt64(slice.toMilliseconds)
        }
        place(job.profiles.map(\.message), in: &message)
        return message
    }

    /// The header's value.
    package static func encode(_ message: Net_SegData) throws -> String {
        try HeaderBase64.encode(message)
    }

    /// One of three fields, the oldest that can say it all (§4.3).
    private static func place(_ profiles: [Net_VideoProfile], in message: inout Net_SegData) {
        if profiles.contains(where: { $0.fpsDen != 0 || $0.profile != .encoderDefault || $0.gop != 0 }) {
            message.fullProfiles3 = profiles
        } else if profiles.contains(where: { $0.format != .mpegts }) {
            message.fullProfiles2 = profiles
        } else {
            message.fullProfiles = profiles
        }
    }
}
