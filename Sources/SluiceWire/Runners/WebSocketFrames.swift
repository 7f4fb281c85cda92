package import NIOCore

/// Where one direction of a WebSocket connection stands: between two frames, or inside of one (RFC 6455 §5.2). Looks at the heads of
/// frames alone.
package struct WebSocketFrames: Sendable {
    /// The head that is being read: two bytes, then the length, then the mask.
    private var head: [UInt8] = []
    private var payload: UInt64 = 0
    private var hasClosed = false

    package init() {}

    /// A close frame may stand here, and none has passed.
    package var mayClose: Bool { head.isEmpty && payload == 0 && !hasClosed }

    package mutating func passed(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { bytes in
            var place = 0
            while place < bytes.count {
                if payload > 0 {
                    let step = Int(min(payload, UInt64(bytes.count - place)))
                    payload -= UInt64(step)
                    place += step
                    continue
                }
                head.append(bytes[place])
                place += 1
                if head.count >= 2, head.count == headLength { frame() }
            }
        }
    }

    private var headLength: Int {
        let extra =
            switch head[1] & 0x7f {
            case 126: 2;
            case 127: 8;
            default: 0
            }
        return 2 + extra + (head[1] & 0x80 != 0 ? 4 : 0)
    }

    private mutating func frame() {
        if head[0] & 0x0f == 8 { hasClosed = true }
        payload =
            switch head[1] & 0x7f {
            case 126: head[2..<4].reduce(0) { $0 << 8 | UInt64($1) }
            case 127: head[2..<10].reduce(0) { $0 << 8 | UInt64($1) }
            case let short: UInt64(short)
            }
        head.removeAll(keepingCapacity: true)
    }

    /// - Parameter why: shortened to what a control frame holds.
    package static func close(_ code: UInt16, _ why: String, isMasked: Bool) -> ByteBuffer {
        var text = ByteBuffer()
        text.writeInteger(code)
        text.writeBytes(why.utf8.prefix(120))
        var frame = ByteBuffer()
        frame.writeInteger(UInt8(0x88))
        frame.writeInteger(UInt8(text.readableBytes) | (isMasked ? 0x80 : 0))
        // Masked with zeros: the mask guards caches from scripts, and there is neither here.
        if isMasked { frame.writeInteger(UInt32(0)) }
        frame.writeBuffer(&text)
        return frame
    }
}
