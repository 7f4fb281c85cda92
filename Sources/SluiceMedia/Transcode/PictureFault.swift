internal import CFFmpeg

/// How a scripted orchestrator spoils the pictures it is given, so that those who look at renditions have something to find.
package enum PictureFault: String, Hashable, Sendable, CaseIterable {
    case black
    /// The segment's first picture all the time.
    case frozen
    /// The negative, upside down: as bright as any other picture, and nothing of it where it should be.
    case wrong
}

/// Puts other pictures in the place of a segment's. Eight bits a sample in three planes, as cameras and test pictures are; others stay
/// as they are.
final class FalsifiedPictures {
    private let fault: PictureFault
    private var first: UnsafeMutablePointer<AVFrame>?

    init(_ fault: PictureFault) { self.fault = fault }

    deinit { av_frame_free(&first) }

    func put(_ frame: UnsafeMutablePointer<AVFrame>, into lanes: RenditionLanes) {
        var copy = av_frame_alloc()
        defer { av_frame_free(&copy) }
        guard let copy, frame.pointee.format == AV_PIX_FMT_YUV420P.rawValue else { return lanes.put(frame: frame) }
        copy.pointee.width = frame.pointee.width
        copy.pointee.height = frame.pointee.height
        copy.pointee.format = frame.pointee.format
        guard av_frame_get_buffer(copy, 0) >= 0, av_frame_copy_props(copy, frame) >= 0 else { return lanes.put(frame: frame) }
        if first == nil { first = av_frame_clone(frame) }
        fill(copy, from: fault == .frozen ? first ?? frame : frame)
        lanes.put(frame: copy)
    }

    private func fill(_ copy: UnsafeMutablePointer<AVFrame>, from frame: UnsafeMutablePointer<AVFrame>) {
        if fault == .frozen {
            av_frame_copy(copy, frame)
            return
        }
        let planes = [
            (copy.pointee.data.0, copy.pointee.linesize.0, frame.pointee.data.0, frame.pointee.linesize.0),
            (copy.pointee.data.1, copy.pointee.linesize.1, frame.pointee.data.1, frame.pointee.linesize.1),
            (copy.pointee.data.2, copy.pointee.linesize.2, frame.pointee.data.2, frame.pointee.linesize.2),
        ]
        for (place, (target, step, source, pitch)) in planes.enumerated() {
            guard let target, let source else { continue }
            let isColour = place > 0
            let width = Int(isColour ? (frame.pointee.width + 1) / 2 : frame.pointee.width)
            let height = Int(isColour ? (frame.pointee.height + 1) / 2 : frame.pointee.height)
            for row in 0..<height {
                for column in 0..<width {
                    target[row * Int(step) + column] =
                        fault == .black ? (isColour ? 128 : 16) : 255 - source[(height - 1 - row) * Int(pitch) + column]
                }
            }
        }
    }
}
