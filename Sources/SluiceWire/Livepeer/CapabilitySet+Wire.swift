package import SluiceProto
package import SluiceTypes
import SwiftProtobuf

extension CapabilitySet {
    /// What every go-livepeer node offers: {0-12, 14, 26} (specs/transcoding-protocol §5.1).
    package static let networkDefault = CapabilitySet(
        [
            .h264, .mpegTS, .mp4, .fractionalFrameRates, .storageDirect, .storageS3, .storageGCS, .profileH264Baseline,
            .profileH264Main, .profileH264High, .profileH264ConstrainedHigh, .gop, .authToken, .mpeg7Signature,
            .segmentSlicing,
        ] as [Capability])

    /// What an orchestrator that sends no capabilities at all may be trusted with: {0-11} (§5.5).
    package static let legacy = CapabilitySet(words: [4095])

    package init(_ message: Net_Capabilities) {
        self.init(words: message.bitstring)
    }

    /// The numbers in the set, ascending.
    package var numbers: [Int] { subtracting(CapabilitySet()) }

    /// What a gateway says of a job: bits and a `constraints` message, even when that is empty (§5.3).
    package func jobMessage(minimumVersion: String = "") -> Net_Capabilities {
        var message = Net_Capabilities()
        message.bitstring = words
        message.constraints = .with { $0.minVersion = minimumVersion }
        return message
    }

    /// What an orchestrator says of itself: capacity 1 for each bit, and its version.
    package func offerMessage(version: String) -> Net_Capabilities {
        var message = Net_Capabilities()
        message.bitstring = words
        for number in numbers { message.capacities[UInt32(number)] = 1 }
        message.version = version
        message.constraints = .init()
        return message
    }
}
