import SluiceMedia
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

/// A live test picture, published to a gateway in this process.
enum PicturePublisher {
    /// Publishes for as long as `body` takes; then it ends in order, or vanishes.
    static func publish(_ name: StreamID, to table: StreamTable, vanishes: Bool = false, _ body: () async throws -> Void) async throws {
        let live = try table.open(
            PublishRequest(stream: name, key: nil, origin: .rtmp, remoteAddress: "test"), profiles: nil, evict: { _ in })
        let isOver = Mutex(false)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        var picture = TestPicture.Settings()
        (picture.width, picture.height, picture.keyFrameInterval, picture.bitrate) = (160, 90, 30, 200_000)
        let sink = ThreadSink(SegmentStage(live: live, table: table))
        try TestPictureSource.start(picture) { event in
            switch event {
            case .header(let video, let audio): sink.header(video, audio)
            case .frame(let frame): sink.frame(frame)
            case .ended:
                if vanishes { live.lose() }
                sink.finish()
                end.finish()
            }
            return !isOver.withLock { $0 }
        }
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        isOver.withLock { $0 = true }
        for await _ in ends {}
        if let failure { throw failure }
    }

    /// Runs the table around `body`.
    static func running(_ table: StreamTable, _ body: () async throws -> Void) async throws {
        async let running: Void = table.run()
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        table.close()
        await running
        if let failure { throw failure }
    }

    /// Looks every few milliseconds: what is waited for changes on threads that tell nobody.
    static func until(
        _ what: String, within limit: Duration = .seconds(20), _ status: @autoclosure () -> LiveVideoStatus?, _ condition: () -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while !condition() {
            try #require(ContinuousClock.now < end, "\(what): not within \(limit); \(status().map { "\($0)" } ?? "no status")")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The publisher's sink on the picture's thread.
    ///
    /// `@unchecked Sendable`: made and used on that one thread.
    private final class ThreadSink: @unchecked Sendable {
        private let publication: SegmentStage
        private var sink: (any PacketSink)?
        init(_ publication: SegmentStage) { self.publication = publication }
        func header(_ video: VideoParameters, _ audio: AudioParameters?) {
            let sink = publication.makeSink()
            sink.configure(video: video)
            if let audio { sink.configure(audio: audio) }
            self.sink = sink
        }
        func frame(_ frame: TestPicture.Frame) {
            sink?.consume(frame.video)
            for packet in frame.audio { sink?.consume(packet) }
        }
        func finish() { sink?.finish() }
    }
}
