import NIOCore
import SluiceWire
import Synchronization

/// Frames out of the bytes of parts and segments, and playlists. All viewers of a stream get the same bytes, so each is read once:
/// hundreds of viewers must not cost more than the server they measure.
final class FrameReading: Sendable {
    /// Parts of a minute, of a few renditions.
    private static let mostKept = 2048

    /// The newest states of the playlists of a few streams, whole and as delta updates.
    private static let mostPlaylists = 64

    private struct State {
        var playlists: [ByteBuffer: PlaylistReader] = [:]
        var frames: [String: [StampedFrame]] = [:]
        var order: [String] = []
        var oldest = 0
        var initializations: [String: FragmentFrames] = [:]
    }

    private let state = Mutex(State())

    func playlist(_ bytes: ByteBuffer) -> PlaylistReader {
        if let known = state.withLock({ $0.playlists[bytes] }) { return known }
        let playlist = PlaylistReader(String(buffer: bytes))
        state.withLock { state in
            if state.playlists.count >= Self.mostPlaylists { state.playlists = [:] }
            state.playlists[bytes] = playlist
        }
        return playlist
    }

    func knows(initialization address: String) -> Bool { state.withLock { $0.initializations[address] != nil } }

    func add(initialization bytes: ByteBuffer, address: String) {
        guard let frames = FragmentFrames(initialization: bytes) else { return }
        state.withLock { state in
            if state.initializations.count >= Self.mostKept { state.initializations = [:] }
            state.initializations[address] = frames
        }
    }

    /// - Parameter initialization: of fragmented MP4; `nil` for MPEG-TS.
    func frames(of bytes: ByteBuffer, address: String, initialization: String?) -> [StampedFrame] {
        let known: (frames: [StampedFrame]?, reader: FragmentFrames?) = state.withLock { state in
            (state.frames[address], initialization.flatMap { state.initializations[$0] })
        }
        if let frames = known.frames { return frames }
        let frames = initialization == nil ? TransportStreamFrames.read(bytes) : known.reader?.read(bytes) ?? []
        state.withLock { state in
            guard state.frames.updateValue(frames, forKey: address) == nil else { return }
            if state.order.count < Self.mostKept {
                state.order.append(address)
            } else {
                state.frames[state.order[state.oldest]] = nil
                state.order[state.oldest] = address
                state.oldest = (state.oldest + 1) % Self.mostKept
            }
        }
        return frames
    }
}
