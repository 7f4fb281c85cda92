import NIOCore
import NIOPosix
import SluiceMedia
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Synchronization

/// One test picture, encoded once and published to many streams, each frame with the time at which it left for that stream.
final class StampedPublishing: Sendable {
    struct Outcome: Sendable {
        var frames: Int
        /// Frames that servers did not take in time, over all streams.
        var leftOut: Int
        /// Streams that ended before we did, and why the first of them did.
        var lost: Int
        var reason: String?
        /// Of the frame that was made latest.
        var lateness: Duration
    }

    private struct State {
        var frames = 0
        var lost = 0
        var reason: String?
        var isOver = false
    }

    /// Connections being set up at once: servers have short queues for new ones.
    private static let mostDialling = 16

    private let addresses: [RTMPClientAddress]
    private let settings: TestPicture.Settings
    private let isStamped: Bool
    private let length: Int?
    private let state = Mutex(State())

    /// - Parameter length: frames; `nil` goes on until all streams are lost or the task is cancelled.
    init(_ addresses: [RTMPClientAddress], settings: TestPicture.Settings, isStamped: Bool, length: Int?) {
        self.addresses = addresses
        self.settings = settings
        self.isStamped = isStamped
        self.length = length
    }

    func run() async throws -> Outcome {
        let clients = try await dial()
        let lateness = try await withThrowingTaskGroup(of: Void.self) { tasks in
            for client in clients {
                tasks.addTask {
                    let reason = await client.closed()
                    self.state.withLock { state in
                        guard !state.isOver else { return }
                        state.lost += 1
                        state.reason = state.reason ?? reason
                    }
                }
            }
            defer {
                state.withLock { $0.isOver = true }
                for client in clients { client.close() }
            }
            let (ends, continuation) = AsyncThrowingStream.makeStream(of: Duration.self)
            try TestPictureSource.start(settings) { self.take($0, clients, continuation) }
            // Cancelled, it ends at once; the thread notices at its next frame.
            for try await lateness in ends { return lateness }
            return .zero
        }
        var leftOut = 0
        for client in clients { leftOut += (try? await client.leftOut()) ?? 0 }
        return state.withLock {
            Outcome(frames: $0.frames, leftOut: leftOut, lost: $0.lost, reason: $0.reason, lateness: lateness)
        }
    }

    private func dial() async throws -> [RTMPClient] {
        try await withThrowingTaskGroup(of: RTMPClient.self) { tasks in
            var clients: [RTMPClient] = []
            for (index, address) in addresses.enumerated() {
                if index >= Self.mostDialling, let client = try await tasks.next() { clients.append(client) }
                tasks.addTask { try await RTMPClient.open(.publish, address, group: MultiThreadedEventLoopGroup.singleton) }
            }
            for try await client in tasks { clients.append(client) }
            return clients
        }
    }

    /// On the picture's thread. Streams take turns within a frame's time, as publishers that know nothing of one another.
    private func take(
        _ event: TestPictureSource.Event, _ clients: [RTMPClient], _ ends: AsyncThrowingStream<Duration, any Error>.Continuation
    ) -> Bool {
        switch event {
        case .header(let video, let audio):
            let headers =
                [FLVTags.metadata(video: video, audio: audio), FLVTags.header(video)] + (audio.map { [FLVTags.header($0)] } ?? [])
            for client in clients { client.publish(headers: headers) }
            return true
        case .frame(let frame):
            let audio = frame.audio.map(FLVTags.audio)
            let isStamped = isStamped
            let turn = TimeAmount.nanoseconds(900_000_000 / Int64(settings.frameRate) / Int64(clients.count))
            for (index, client) in clients.enumerated() {
                client.publish(after: turn * index, isKey: frame.video.isKey) {
                    let stamp = isStamped ? FrameStamp.unit(microseconds: wallClockNanoseconds() / 1000) : []
                    return [FLVTags.video(frame.video, leading: stamp)] + audio
                }
            }
            return state.withLock { state in
                state.frames += 1
                return !state.isOver && state.lost < clients.count && state.frames < length ?? .max
            }
        case .ended(let error, let lateness):
            if let error { ends.finish(throwing: error) } else { ends.yield(lateness) }
            ends.finish()
            return false
        }
    }
}
