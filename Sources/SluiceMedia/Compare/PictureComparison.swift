import Foundation
package import NIOCore
package import SluiceTypes

/// How much of a source's pictures is in a rendition of it, found by decoding both.
package struct PictureComparison: Hashable, Sendable {
    /// Of the rendition.
    package var width: Int
    package var height: Int
    /// Pictures in the rendition, and those that the source and the profile call for.
    package var frames: Int
    package var framesExpected: Int
    /// Pixels of the profile's size for this source.
    package var pixelsExpected: Int
    /// Pairs that were compared; 0 where no picture of the rendition stands at a time of the source.
    package var compared: Int
    /// Of the brightness, decibels, mean over the pairs; the same twice counts as `bestPSNR`.
    package var psnr: Double
    /// Of the brightness, mean over the pairs; 1 is the same.
    package var ssim: Double
    /// Share of the steps from pair to pair in which the source moved and the rendition did not.
    package var frozen: Double

    package static let bestPSNR = 60.0
    /// Pairs that are compared, evenly over the segment: eight pictures of 1080p are 16 MB while it lasts.
    package static let mostPairs = 8

    /// What could not be judged, and whose doing that is.
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// Nothing is to be said of the rendition.
        case source(String)
        case rendition(String)

        package var description: String {
            switch self {
            case .source(let text): "the source cannot be compared: \(text)"
            case .rendition(let text): "the rendition has no pictures: \(text)"
            }
        }
    }

    /// Mean brightness by which pictures must differ to count as moved; coding noise of a still picture is below it.
    private static let motion = 0.75
    /// Of the source's motion, what a rendition must show of it.
    private static let leastMotion = 0.2

    /// Blocks its thread for as long as decoding takes: call on a media executor.
    ///
    /// Pictures are matched by their times. Where those of the rendition lie elsewhere altogether, they are counted from its first one.
    package static func of(
        _ rendition: ByteBuffer, _ profile: TranscodeProfile, against source: ByteBuffer, _ container: SegmentContainer
    ) throws(Problem) -> PictureComparison {
        let original: PictureTimes
        do throws(MediaError) { original = try PictureTimes(source, container) } catch { throw .source("\(error)") }
        let made: PictureTimes
        do throws(MediaError) { made = try PictureTimes(rendition, profile.container) } catch { throw .rendition("\(error)") }
        let pairs = original.pairs(with: made, most: mostPairs)
        let size = profile.outputSize(sourceWidth: original.width, sourceHeight: original.height)
        var result = PictureComparison(
            width: made.width, height: made.height, frames: made.times.count, framesExpected: original.count(for: profile),
            pixelsExpected: size.width * size.height, compared: 0, psnr: 0, ssim: 0, frozen: 0)
        guard !pairs.isEmpty else { return result }
        let pictures: [Int64: LumaPlane]
        do throws(MediaError) { pictures = try PictureReading.pictures(rendition, profile.container, at: Set(pairs.map(\.made))) } catch {
            throw .rendition("\(error)")
        }
        let (width, height) = (result.width, result.height)
        var found: [Judged] = []
        do throws(MediaError) {
            try judge(pairs, pictures, source, container, width, height, &found)
        } catch { throw .source("\(error)") }
        result.add(found)
        return result
    }

    private struct Judged {
        var source: LumaPlane
        var made: LumaPlane
        var ssim: Double
        var error: Double
    }

    /// A picture is held against those of the source on both sides of its time, and the better one counts: a rendition with a rate of
    /// its own has its pictures between those of the source.
    private static func judge(
        _ pairs: [PictureTimes.Pair], _ pictures: [Int64: LumaPlane], _ source: ByteBuffer, _ container: SegmentContainer, _ width: Int,
        _ height: Int, _ found: inout [Judged]
    ) throws(MediaError) {
        var best: [Int: Judged] = [:]
        let wanted = Set(pairs.flatMap(\.sources))
        try PictureReading.each(source, container, at: wanted, width: width, height: height) { time, plane in
            for (place, pair) in pairs.enumerated() where pair.sources.contains(time) {
                guard let made = pictures[pair.made] else { continue }
                let ssim = plane.similarity(to: made)
                guard best[place].map({ $0.ssim < ssim }) ?? true else { continue }
                best[place] = Judged(source: plane, made: made, ssim: ssim, error: plane.squaredError(from: made))
            }
        }
        found = pairs.indices.compactMap { best[$0] }
    }

    private mutating func add(_ judged: [Judged]) {
        guard !judged.isEmpty else { return }
        compared = judged.count
        ssim = judged.reduce(0) { $0 + $1.ssim } / Double(compared)
        psnr = judged.reduce(0) { $0 + Self.psnr(of: $1.error) } / Double(compared)
        var moved = 0
        var still = 0
        for (before, after) in zip(judged, judged.dropFirst()) {
            let motion = before.source.difference(from: after.source)
            guard motion >= Self.motion else { continue }
            moved += 1
            if before.made.difference(from: after.made) < motion * Self.leastMotion { still += 1 }
        }
        frozen = moved > 0 ? Double(still) / Double(moved) : 0
    }

    static func psnr(of squaredError: Double) -> Double {
        squaredError > 0 ? min(bestPSNR, 10 * log10(255 * 255 / squaredError)) : bestPSNR
    }
}
