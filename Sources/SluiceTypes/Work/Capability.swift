/// A kind of work by Livepeer's number (specs/transcoding-protocol §5.1).
package enum Capability: Int, Hashable, Sendable, CaseIterable {
    case h264 = 0, mpegTS, mp4, fractionalFrameRates, storageDirect, storageS3, storageGCS
    case profileH264Baseline, profileH264Main, profileH264High, profileH264ConstrainedHigh, gop, authToken
    case mpeg7Signature = 14
    case hevcDecode = 15, hevcEncode, vp8Decode, vp9Decode, vp8Encode, vp9Encode
    case h264Decode444Bits8 = 21, h264Decode422Bits8, h264Decode444Bits10, h264Decode422Bits10, h264Decode420Bits10
    case segmentSlicing = 26
    case liveVideoToVideo = 35
    case byoc = 37
}

/// A set of capability numbers; numbers this build does not know are kept, so that they can be compared and echoed.
package struct CapabilitySet: Hashable, Sendable {
    /// 64 numbers an element, least significant bit first, as in `Capabilities.bitstring`.
    package var words: [UInt64]

    package init(words: [UInt64] = []) { self.words = words }

    package init(_ capabilities: some Sequence<Capability>) {
        self.init()
        for capability in capabilities { insert(capability) }
    }

    package mutating func insert(_ capability: Capability) {
        let word = capability.rawValue / 64
        while words.count <= word { words.append(0) }
        words[word] |= 1 << UInt64(capability.rawValue % 64)
    }

    package func contains(_ capability: Capability) -> Bool {
        let word = capability.rawValue / 64
        return word < words.count && words[word] & (1 << UInt64(capability.rawValue % 64)) != 0
    }

    package func union(_ other: CapabilitySet) -> CapabilitySet {
        var union = words.count < other.words.count ? other : self
        for index in 0..<min(words.count, other.words.count) { union.words[index] = words[index] | other.words[index] }
        return union
    }

    /// Numbers that are here and not in `other`.
    package func subtracting(_ other: CapabilitySet) -> [Int] {
        words.indices.flatMap { index in
            let missing = words[index] & ~(index < other.words.count ? other.words[index] : 0)
            return (0..<64).filter { missing & (1 << UInt64($0)) != 0 }.map { index * 64 + $0 }
        }
    }
}
