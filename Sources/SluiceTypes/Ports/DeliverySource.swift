package import NIOCore

/// The answer to a viewer's question.
package enum Delivery<Value: Sendable>: Sendable {
    case found(Value)
    /// Was here and has left the window: 410.
    case gone
    /// Never was: 404.
    case unknown
}

/// Text and bytes of a stream that a viewer may ask for. Answers at once, from memory, from any thread.
package protocol DeliverySource: Sendable {
    func multivariantPlaylist(of stream: StreamID) -> Delivery<ByteBuffer>
    func mediaPlaylist(of stream: StreamID, rendition: String) -> Delivery<ByteBuffer>
    /// - Parameter number: that of its file's name in the playlist.
    func segment(of stream: StreamID, rendition: String, number: Int64, container: SegmentContainer) -> Delivery<ByteBuffer>
}
