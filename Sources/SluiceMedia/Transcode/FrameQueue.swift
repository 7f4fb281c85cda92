internal import CFFmpeg
import SluiceTypes

/// A reference to a decoded frame or an audio packet, counted by FFmpeg.
///
/// `@unchecked Sendable`: both pointers are set once and go to references of our own, whose counts FFmpeg keeps atomically. A frame is
/// shared by all encoding threads, and they only read it: what they change (`RenditionEncoder.prepare`) is a frame of their own. A
/// packet goes to one thread.
final class MediaReference: @unchecked Sendable {
    let frame: UnsafeMutablePointer<AVFrame>?
    let packet: UnsafeMutablePointer<AVPacket>?

    init(frame: UnsafeMutablePointer<AVFrame>) {
        self.frame = av_frame_clone(frame)
        packet = nil
    }

    init(packet: UnsafeMutablePointer<AVPacket>) {
        frame = nil
        self.packet = av_packet_clone(packet)
    }

    deinit {
        var frame = frame
        var packet = packet
        av_frame_free(&frame)
        av_packet_free(&packet)
    }
}

/// From the decoding thread to one encoding thread; the decoder waits when it is full.
final class FrameQueue: Sendable {
    /// Decoded frames waiting per rendition: 8 of 1080p are 25 MB, and even out key frames.
    static let capacity = 8

    private struct State {
        var items: [MediaReference] = []
        var frames = 0
        var isEnded = false
        var isAborted = false
    }

    private let state = ThreadSignal(State())

    /// Blocks while full; drops the item after an abort. Audio packets are small and do not count.
    func put(_ item: MediaReference) {
        state.wait { state in
            if state.isAborted { return () }
            if item.frame != nil {
                if state.frames >= Self.capacity { return nil }
                state.frames += 1
            }
            state.items.append(item)
            return ()
        }
    }

    func end() { state.change { $0.isEnded = true } }

    /// Nothing more is wanted, from either side.
    func abort() {
        state.change {
            $0.isAborted = true
            $0.items = []
        }
    }

    enum Next {
        case item(MediaReference)
        case ended, aborted
    }

    func take() -> Next {
        state.wait { state in
            if state.isAborted { return .aborted }
            if state.items.isEmpty { return state.isEnded ? .ended : nil }
            let item = state.items.removeFirst()
            if item.frame != nil { state.frames -= 1 }
            return .item(item)
        }
    }
}
