import NIOPosix
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceNetwork

/// Who may play by RTMP, where somebody says so.
@Suite(.timeLimit(.minutes(1))) struct RTMPViewerGateTests {
    /// Knows those whose token begins with `known`; thinks about all others.
    private final class Script: ViewerGate {
        let asked = Mutex<[ViewRequest]>([])

        func known(_ request: ViewRequest) -> ViewVerdict? {
            asked.withLock { $0.append(request) }
            return request.token?.hasPrefix("known") == true ? verdict(request) : nil
        }

        func ask(_ request: ViewRequest) async -> ViewVerdict {
            await Task.yield()
            return verdict(request)
        }

        private func verdict(_ request: ViewRequest) -> ViewVerdict {
            request.token?.hasSuffix("good") == true ? .allowed : .denied("the reason")
        }
    }

    @Test func aViewerPlaysOnceItIsLetInAndElseIsToldWhy() async throws {
        let gate = CollectingGate()
        let lines = LogLines()
        let script = Script()
        let listener = RTMPListener(
            host: "127.0.0.1", port: 0, gate: gate, viewers: script, group: MultiThreadedEventLoopGroup.singleton, logger: lines.logger)
        let port = try await listener.start()
        do {
            let publisher = try await LoopbackPeer.connect(port)
            try await publisher.publish("cam")
            try await publisher.video(Tag.videoHeader)
            try await publisher.video(Tag.keyFrame())
            for token in ["known-good", "new-good"] {
                let viewer = try await LoopbackPeer.connect(port)
                try await viewer.play("cam?token=\(token)")
                #expect(try await viewer.nextMedia() != nil, "\(token)")
            }
            for token in ["known-bad", "new-bad"] {
                let viewer = try await LoopbackPeer.connect(port)
                await #expect(throws: (any Error).self, "\(token)") { try await viewer.play("cam?token=\(token)") }
                while await viewer.piece() != nil {}
            }
            let bare = try await LoopbackPeer.connect(port)
            await #expect(throws: (any Error).self) { try await bare.play("cam") }
        } catch {
            await listener.shutdown()
            throw error
        }
        await listener.shutdown()
        #expect(lines.all.count { $0.contains("NetStream.Play.Failed") && $0.contains("the reason") } == 3)
        let asked = script.asked.withLock { $0 }
        #expect(asked.allSatisfy { $0.stream.rawValue == "cam" && $0.remoteAddress == "127.0.0.1" && $0.url.hasSuffix("/live/cam") })
        #expect(!lines.all.contains { $0.contains("known-bad") }, "no token in the log")
    }
}
