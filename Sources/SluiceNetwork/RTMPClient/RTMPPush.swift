package import Logging
package import NIOCore
package import SluiceTypes
import SluiceWire
import Synchronization

/// Publishes a stream's packets to a server elsewhere by RTMP. What the server does not take in time is left out up to the next key
/// frame; a connection that is lost is made anew after a pause, which doubles from 0.5 s to 15 s while there is none.
package final class RTMPPush: PacketPush {
    private static let firstPause: Duration = .milliseconds(500)
    private static let longestPause: Duration = .seconds(15)
    /// A connection that held for so long begins with the short pause again.
    private static let steadyTime: Duration = .seconds(10)

    private struct State {
        var client: RTMPClient?
        var video: VideoParameters?
        var audio: AudioParameters?
        var isFinished = false
        var reconnects = 0
        var lastError: String?
    }

    private let address: RTMPClientAddress
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())

    package init(_ address: RTMPClientAddress, group: any EventLoopGroup, logger: Logger) {
        self.address = address
        self.group = group
        self.logger = logger
    }

    package var status: LiveVideoStatus.Push {
        state.withLock { state in
            LiveVideoStatus.Push(
                target: shown, isConnected: state.client?.isOpen ?? false, reconnects: state.reconnects, lastError: state.lastError)
        }
    }

    /// The name is a key on most servers: its head is enough to know it by.
    private var shown: String { "\(address.base)/\(address.name.prefix(4))…" }

    package func makeSink() -> any PacketSink { Sink(self) }

    package func run() async {
        var pause = Self.firstPause
        while !Task.isCancelled, !state.withLock({ $0.isFinished }) {
            let begun = ContinuousClock.now
            let reason: String
            do {
                let client = try await RTMPClient.open(.publish, address, group: group)
                guard begin(client) else { return client.close() }
                let why = await withTaskCancellationHandler {
                    await client.closed()
                } onCancel: {
                    client.close()
                }
                reason = why ?? "the connection is over"
            } catch let failed as RTMPClient.Failed {
                // Without its address, in whose name is the key.
                reason = failed.reason
            } catch {
                reason = "\(error)"
            }
            let isOver = state.withLock { state in
                state.client = nil
                if !state.isFinished { (state.lastError, state.reconnects) = (reason, state.reconnects + 1) }
                return state.isFinished
            }
            if isOver || Task.isCancelled { return }
            logger.warning("push", metadata: ["target": "\(shown)", "reason": "\(reason)", "again in": "\(pause)"])
            if begun.duration(to: .now) > Self.steadyTime { pause = Self.firstPause }
            do { try await Task.sleep(for: pause) } catch { return }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// - Returns: `false` when the stream has ended meanwhile.
    private func begin(_ client: RTMPClient) -> Bool {
        state.withLock { state in
            guard !state.isFinished else { return false }
            state.client = client
            state.lastError = nil
            Self.head(state, client)
            return true
        }
    }

    /// Both headers are known before the first picture that follows.
    private static func head(_ state: State, _ client: RTMPClient) {
        guard let video = state.video else { return }
        let audio = state.audio
        client.publish(
            headers: [FLVTags.metadata(video: video, audio: audio), FLVTags.header(video)] + (audio.map { [FLVTags.header($0)] } ?? []))
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            if let client = state.client { Self.head(state, client) }
        }
    }

    private func send(_ packet: EncodedPacket) {
        guard let (client, hasVideo) = state.withLock({ state in state.client.map { ($0, state.video != nil) } }) else { return }
        switch packet.track {
        case .video: client.publish(isKey: packet.isKey) { [FLVTags.video(packet)] }
        // Sound alone begins by itself; beside pictures it waits for them.
        case .audio: client.publish(isKey: !hasVideo) { [FLVTags.audio(packet)] }
        }
    }

    private func end() {
        let client = state.withLock { state in
            state.isFinished = true
            return state.client
        }
        client?.close()
    }

    private final class Sink: PacketSink {
        private let push: RTMPPush
        init(_ push: RTMPPush) { self.push = push }
        func configure(video: VideoParameters) { push.change { $0.video = video } }
        func configure(audio: AudioParameters) { push.change { $0.audio = audio } }
        func consume(_ packet: EncodedPacket) { push.send(packet) }
        func finish() { push.end() }
    }
}

/// Pushes by RTMP to any server.
package struct RTMPPushing: PacketPushing {
    private let group: any EventLoopGroup
    private let logger: Logger

    package init(group: any EventLoopGroup, logger: Logger) {
        self.group = group
        self.logger = logger
    }

    package func push(to url: String) throws -> any PacketPush { RTMPPush(try RTMPClientAddress(url), group: group, logger: logger) }
}
