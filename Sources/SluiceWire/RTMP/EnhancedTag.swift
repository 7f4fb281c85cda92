import NIOCore

/// The head of an enhanced audio or video tag, after its first byte (Enhanced RTMP v2, "Enhanced Audio" and "Enhanced Video").
struct EnhancedTag {
    enum Kind: Hashable {
        case start, frames
        /// Pictures whose composition offset is nought and left out.
        case framesWithoutOffset
        /// An end, metadata, or what is reserved.
        case other
        case severalTracks
    }

    let kind: Kind
    /// Empty for several tracks.
    let fourCC: String

    private static let modifier: UInt8 = 7
    /// A modifier says that another follows; nobody sends more than one or two.
    private static let mostModifiers = 16

    /// - Parameter type: the low half of the tag's first byte.
    init(type: UInt8, isVideo: Bool, _ payload: inout ByteBuffer) throws(RTMPError) {
        var type = type
        var modifiers = 0
        while type == Self.modifier {
            modifiers += 1
            guard modifiers <= Self.mostModifiers else { throw RTMPError("an enhanced tag with over \(Self.mostModifiers) modifiers") }
            guard var size = payload.readInteger(as: UInt8.self).map({ Int($0) + 1 }) else { throw Self.cutOff }
            if size == 256 {
                guard let long = payload.readInteger(as: UInt16.self) else { throw Self.cutOff }
                size = Int(long) + 1
            }
            guard size < payload.readableBytes else { throw Self.cutOff }
            payload.moveReaderIndex(forwardBy: size)
            guard let next = payload.readInteger(as: UInt8.self) else { throw Self.cutOff }
            type = next & 0x0f
        }
        switch (type, isVideo) {
        case (0, _): kind = .start
        case (1, _): kind = .frames
        case (3, true): kind = .framesWithoutOffset
        case (6, true), (5, false):
            kind = .severalTracks
            fourCC = ""
            return
        default: kind = .other
        }
        guard let fourCC = payload.readString(length: 4) else { throw Self.cutOff }
        self.fourCC = fourCC
    }

    private static var cutOff: RTMPError { RTMPError("an enhanced tag is cut off") }
}
