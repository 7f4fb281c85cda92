import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire

/// The source's packets become parts on the publisher's own event loop: from the socket to the waiting viewers there is no task.
final class SourceParts: SegmentListener {
    private struct Codings: Hashable {
        var video: VideoParameters?
        var audio: AudioParameters?
    }

    private let output: LowLatencyOutput
    private let life: LowLatencyOutput.Life
    private let warn: (String) -> Void
    private var packager: PartPackager
    private var codings: Codings?
    /// No fragment can carry the codings of the open segment.
    private var isSilent = false

    init(output: LowLatencyOutput, warn: @escaping (String) -> Void) {
        self.output = output
        self.warn = warn
        life = output.beginLife()
        packager = PartPackager(target: output.partTarget)
    }

    func opened(
        _ sequence: SegmentSequence, video: VideoParameters?, audio: AudioParameters?, startsDiscontinuity: Bool, wallClock: Int64
    ) {
        let codings = Codings(video: video, audio: audio)
        let isOther = codings != self.codings
        guard isOther || startsDiscontinuity else {
            return isSilent
                ? () : output.openSource(sequence, in: life, wallClock: wallClock, startsDiscontinuity: false, initialization: nil)
        }
        self.codings = codings
        packager.restart(video: video, audio: audio)
        guard let initialization = initialization(of: codings) else { return isSilent = true }
        isSilent = false
        output.openSource(
            sequence, in: life, wallClock: wallClock, startsDiscontinuity: true, initialization: isOther ? initialization : nil)
    }

    func announced(video: VideoParameters?, audio: AudioParameters?) {
        let codings = Codings(video: video, audio: audio)
        guard let initialization = initialization(of: codings),
            output.redefineSource(in: life, initialization.bytes, initialization.variant)
        else { return }
        let hadVideo = self.codings?.video != nil
        self.codings = codings
        if hadVideo { packager.announce(audio) } else { packager.restart(video: video, audio: audio) }
    }

    func took(_ packet: EncodedPacket) {
        guard !isSilent else { return }
        packager.append(packet) { output.publishSource($0, in: life) }
    }

    func closed(next: EncodedPacket?) {
        guard !isSilent else { return }
        packager.endSegment(next: next?.dts) { output.publishSource($0, in: life) }
        if let target = output.closeSource(in: life, frame: packager.frame), target != packager.target { packager.retarget(target) }
    }

    private func initialization(of codings: Codings) -> (bytes: ByteBuffer, variant: Variant)? {
        do throws(CMAFError) {
            let bytes = try InitializationSegment.make(video: codings.video, audio: codings.audio)
            return (bytes, Variant(StreamOutput.sourceName, video: codings.video, audio: codings.audio))
        } catch {
            warn("no low latency for this coding: \(error)")
            return nil
        }
    }
}

extension Variant {
    /// - Parameters: as they stand in an initialization segment, with their configurations.
    init(_ rendition: String, video: VideoParameters?, audio: AudioParameters?) {
        var codecs: [String] = []
        if let video, let text = CodecStrings.video(video, sample: ByteBuffer()) { codecs.append(text) }
        if let audio, let text = CodecStrings.audio(audio) { codecs.append(text) }
        self.init(
            rendition: rendition, width: video?.width, height: video?.height, frameRate: video?.frameRate?.value, codecs: codecs,
            peakBandwidth: 0, averageBandwidth: 0)
    }
}
