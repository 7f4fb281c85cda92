import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire

/// The source's packets become parts on the publisher's own event loop: from the socket to the waiting viewers there is no task.
final class SourceParts: SegmentListener {
    private let output: LowLatencyOutput
    private let life: LowLatencyOutput.Life
    private let warn: (String) -> Void
    private var packager: PartPackager
    private var tracks: MediaCoding.Tracks?
    /// `nil` when no fragment can carry the open segment's tracks.
    private var coding: MediaCoding?

    init(output: LowLatencyOutput, warn: @escaping (String) -> Void) {
        self.output = output
        self.warn = warn
        life = output.beginLife()
        packager = PartPackager(target: output.partTarget)
    }

    func opened(
        _ sequence: SegmentSequence, video: VideoParameters?, audio: AudioParameters?, startsDiscontinuity: Bool, wallClock: Int64
    ) {
        let tracks = MediaCoding.Tracks(video: video, audio: audio)
        let isOther = tracks != self.tracks
        self.tracks = tracks
        if isOther { coding = coding(of: tracks) }
        if isOther || startsDiscontinuity { packager.restart(video: video, audio: audio) }
        guard let coding else { return }
        output.openSource(sequence, in: life, wallClock: wallClock, startsDiscontinuity: isOther || startsDiscontinuity, coding)
    }

    func announced(video: VideoParameters?, audio: AudioParameters?) {
        let tracks = MediaCoding.Tracks(video: video, audio: audio)
        guard let coding = coding(of: tracks), output.redefineSource(in: life, coding) else { return }
        if self.tracks?.video != nil { packager.announce(audio) } else { packager.restart(video: video, audio: audio) }
        self.tracks = tracks
        self.coding = coding
    }

    func took(_ packet: EncodedPacket) {
        guard coding != nil else { return }
        packager.append(packet) { output.publishSource($0, in: life) }
    }

    func closed(next: EncodedPacket?) {
        guard coding != nil else { return }
        packager.endSegment(next: next?.dts) { output.publishSource($0, in: life) }
        if let target = output.closeSource(in: life, frame: packager.frame), target != packager.target { packager.retarget(target) }
    }

    private func coding(of tracks: MediaCoding.Tracks) -> MediaCoding? {
        do throws(CMAFError) {
            return try MediaCoding(rendition: StreamOutput.sourceName, tracks)
        } catch {
            warn("no low latency for this coding: \(error)")
            return nil
        }
    }
}
