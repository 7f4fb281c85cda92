internal import CFFmpeg
import NIOCore
import SluiceTypes

/// The encoding threads of one segment, one a rendition, and the queues to them. Used by the decoding thread.
final class RenditionLanes {
    typealias Outcome = Result<(ByteBuffer, RenditionFacts), SegmentFailure>

    private struct Done {
        var results: [(Int, Outcome)] = []
    }

    /// Carries the source's audio stream to the encoding threads, which only read it. The input outlives them: `TranscodeSession.work`
    /// takes every thread's result before it returns, whatever happened. That is the proof.
    private struct SharedStream: @unchecked Sendable {
        let stream: UnsafeMutablePointer<AVStream>?
    }

    private let queues: [FrameQueue]
    private let done = ThreadSignal(Done())
    private var outstanding: Int

    /// - Parameters:
    ///   - keyFrameAfter: as in a `StreamedJob`.
    ///   - onEvent: takes each rendition's bytes as they are made, and its end, on its encoding thread; the results are empty
    ///     then.
    init(
        _ renditions: [RenditionEncoder], audio: UnsafeMutablePointer<AVStream>?, keyFrameAfter: [Int64?] = [],
        onEvent: (@Sendable (SegmentEvent) -> Void)? = nil
    ) {
        queues = renditions.map { _ in FrameQueue() }
        outstanding = renditions.count
        let shared = SharedStream(stream: audio)
        for (index, (rendition, queue)) in zip(renditions, queues).enumerated() {
            let started = startMediaThread(named: "encode-\(index)") { [done] in
                let outcome: Outcome
                do throws(SegmentFailure) {
                    let made = try rendition.run(
                        queue, audio: shared.stream, keyFrameAfter: index < keyFrameAfter.count ? keyFrameAfter[index] : nil,
                        onPiece: onEvent.map { onEvent in { onEvent(.renditionBytes(rendition: index, $0)) } })
                    onEvent?(.renditionComplete(rendition: index, facts: made.1))
                    outcome = .success(made)
                } catch {
                    queue.abort()
                    outcome = .failure(error)
                }
                done.change { $0.results.append((index, outcome)) }
            }
            if !started {
                queue.abort()
                done.change { $0.results.append((index, .failure(SegmentFailure(.transcodeFailed, "no thread for encoding")))) }
            }
        }
    }

    /// Blocks while a queue is full.
    func put(frame: UnsafeMutablePointer<AVFrame>) {
        let reference = MediaReference(frame: frame)
        for queue in queues { queue.put(reference) }
    }

    /// Each rendition gets a packet of its own: muxers change the times in it.
    func put(audio packet: UnsafeMutablePointer<AVPacket>) {
        for queue in queues { queue.put(MediaReference(packet: packet)) }
    }

    func end() { for queue in queues { queue.end() } }
    func abort() { for queue in queues { queue.abort() } }

    /// Of a rendition that has ended before its time.
    var failure: SegmentFailure? {
        done.change { done in
            for case (_, .failure(let failure)) in done.results { return failure }
            return nil
        }
    }

    /// Blocks until another rendition is done, well or not; `nil` after the last.
    func nextResult() -> (Int, Outcome)? {
        guard outstanding > 0 else { return nil }
        outstanding -= 1
        return done.wait { $0.results.isEmpty ? nil : $0.results.removeFirst() }
    }
}
