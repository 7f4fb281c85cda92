import NIOCore
import SluiceMedia
import SluiceSimulation
import SluiceTypes

/// Makes the renditions of scripted orchestrators where it matters what is to be seen in them.
struct ScriptedStudio: Sendable {
    /// Plays are small; more threads would take the cores of who is tried.
    private static let threads = 2
    /// Of what was asked for, in a thin rendition.
    private static let thin = 0.1

    private let executor = MediaExecutor(width: threads)

    /// - Returns: by place in the job's profiles.
    /// - Throws: `SegmentFailure`.
    func renditions(
        of job: SegmentJob, showing picture: FaultModel.Picture?
    ) async throws -> [Int: (bytes: ByteBuffer, facts: RenditionFacts)] {
        try await executor.run {
            let session = TranscodeSession(
                settings: .init(preset: "ultrafast", encoder: .x264, pictureFault: picture.flatMap { PictureFault(rawValue: $0.rawValue) }))
            let profiles = job.profiles.map { profile in
                var profile = profile
                if picture == .thin { profile.bitrate = max(1, Int(Double(profile.bitrate) * Self.thin)) }
                return profile
            }
            var made: [Int: (bytes: ByteBuffer, facts: RenditionFacts)] = [:]
            try session.transcode(
                SegmentJob(segment: job.segment, profiles: profiles, slice: job.slice), isCancelled: { false },
                onRendition: { made[$0] = ($1, $2) })
            return made
        }
    }
}
