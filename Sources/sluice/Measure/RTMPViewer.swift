import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire

/// Plays one stream by RTMP without showing it.
struct RTMPViewer: Sendable {
    let address: RTMPClientAddress
    let tally: Tally
    var onFrames: @Sendable ([StampedFrame]) -> Void = { _ in }

    /// Until the stream ends or the task is cancelled.
    func run() async {
        do {
            let client = try await RTMPClient.open(.play, address, group: MultiThreadedEventLoopGroup.singleton) { message, arrival in
                guard message.kind == RTMPMessage.Kind.video, let frame = Self.frame(message) else { return }
                onFrames([frame])
                tally.add([frame], arrival: arrival)
                tally.countRequest(bytes: message.payload.readableBytes)
            }
            let reason = await withTaskCancellationHandler {
                await client.closed()
            } onCancel: {
                client.close()
            }
            if !Task.isCancelled, let reason { tally.countFailure("\(address): \(reason)") }
        } catch {
            if !Task.isCancelled { tally.countFailure("\(error)") }
        }
    }

    /// - Returns: `nil` for a header.
    private static func frame(_ message: RTMPMessage) -> StampedFrame? {
        let start = message.payload.readerIndex
        guard message.payload.readableBytes > 5, message.payload.getInteger(at: start + 1, as: UInt8.self) != 0 else { return nil }
        let shift = message.payload.getInteger(at: start + 1, as: UInt32.self).map { Int64(Int32(bitPattern: $0 << 8) >> 8) } ?? 0
        return StampedFrame(pts: (Int64(message.timestamp) + shift) * 90, stamp: FrameStamp.stamps(in: message.payload).first)
    }
}
