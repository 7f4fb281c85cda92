import Logging
import SluiceMedia
import SluiceTypes

/// Packets become segments on the publisher's own event loop: from the socket to the source playlist there is no task.
struct SegmentStage: Publication {
    let live: LiveStream
    let table: StreamTable

    var stream: StreamID { live.pipeline.id }
    var key: String? { live.key }

    func makeSink() -> any PacketSink { Sink(live: live, table: table) }

    private final class Sink: PacketSink {
        private let live: LiveStream
        private let segmenter: LiveSegmenter

        init(live: LiveStream, table: StreamTable) {
            self.live = live
            let logger = table.logger
            let stream = live.pipeline.id
            let warn = { (text: String) in
                logger.warning("segmenting", metadata: ["stream": "\(stream)", "warning": "\(text)"])
            }
            segmenter = LiveSegmenter(
                stream: stream, firstSequence: live.pipeline.output.newest?.next ?? SegmentSequence(0),
                settings: .init(target: table.settings.segmentTarget, hashing: !live.pipeline.output.profiles.isEmpty),
                onSegment: { segment in live.pipeline.accept(segment) }, onWarning: warn,
                listener: live.pipeline.output.lowLatency.map { SourceParts(output: $0, warn: warn) },
                onOpen: { sequence, duration in live.pipeline.open(sequence, lasting: duration) })
        }

        func configure(video: VideoParameters) { segmenter.configure(video: video) }
        func configure(audio: AudioParameters) { segmenter.configure(audio: audio) }

        func consume(_ packet: EncodedPacket) {
            live.hear()
            segmenter.consume(packet)
        }

        func interrupt() { segmenter.interrupt() }

        func lose() {
            live.lose()
            finish()
        }

        func finish() {
            segmenter.finish()
            live.pipeline.finish()
        }
    }
}
