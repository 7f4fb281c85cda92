package import NIOCore

/// One whole message, put together from its chunks.
package struct RTMPMessage: Sendable {
    package enum Kind {
        package static let setChunkSize: UInt8 = 1
        package static let abort: UInt8 = 2
        package static let acknowledgement: UInt8 = 3
        package static let userControl: UInt8 = 4
        package static let windowAcknowledgementSize: UInt8 = 5
        package static let setPeerBandwidth: UInt8 = 6
        package static let audio: UInt8 = 8
        package static let video: UInt8 = 9
        package static let dataAMF3: UInt8 = 15
        package static let commandAMF3: UInt8 = 17
        package static let dataAMF0: UInt8 = 18
        package static let commandAMF0: UInt8 = 20
    }

    package var kind: UInt8
    /// Milliseconds, wraps at 2³².
    package var timestamp: UInt32
    package var stream: UInt32
    package var payload: ByteBuffer

    package init(kind: UInt8, timestamp: UInt32 = 0, stream: UInt32 = 0, payload: ByteBuffer) {
        self.kind = kind
        self.timestamp = timestamp
        self.stream = stream
        self.payload = payload
    }
}
