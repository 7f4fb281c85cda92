/// What one rendition was found to hold of its source's pictures, when it was decoded beside it.
package struct PictureSample: Hashable, Sendable {
    /// Shares of the pictures and of the pixels in each that were asked for, 0 to 1.
    package var framesKept: Double
    package var sizeKept: Double
    /// Of the brightness: 1 is the same picture.
    package var ssim: Double
    /// Of the brightness, decibels.
    package var psnr: Double
    /// Share of the steps in which the source moved and the rendition did not.
    package var frozen: Double

    package init(framesKept: Double, sizeKept: Double, ssim: Double, psnr: Double, frozen: Double) {
        func share(_ value: Double) -> Double { value.isFinite ? min(max(value, 0), 1) : 0 }
        self.framesKept = share(framesKept)
        self.sizeKept = share(sizeKept)
        self.ssim = share(ssim)
        self.psnr = psnr.isFinite ? min(max(psnr, 0), 100) : 0
        self.frozen = share(frozen)
    }

    /// Nothing in it could be decoded.
    package static let nothing = PictureSample(framesKept: 0, sizeKept: 0, ssim: 0, psnr: 0, frozen: 0)

    /// Encoders lose something, the more the fewer bits they are given: from here on a picture counts as kept …
    package static let faithful = 0.85
    /// … and here as another picture.
    package static let strange = 0.35
    /// Below this it is a fault.
    package static let poor = 0.5

    /// How like the source it is, 0 to 1.
    package var likeness: Double { min(max((ssim - Self.strange) / (Self.faithful - Self.strange), 0), 1) * (1 - frozen) }

    /// The worst of what was found, 0 to 1.
    package var kept: Double { min(framesKept, sizeKept, likeness) }

    package var isPoor: Bool { kept < Self.poor }
}

/// Sums over samples.
package struct PictureTally: Hashable, Sendable {
    package var count = 0
    package var poor = 0
    package var framesKept = 0.0
    package var sizeKept = 0.0
    package var ssim = 0.0
    package var psnr = 0.0
    package var frozen = 0.0
    package var kept = 0.0

    package init() {}

    package mutating func add(_ sample: PictureSample) {
        count += 1
        if sample.isPoor { poor += 1 }
        framesKept += sample.framesKept
        sizeKept += sample.sizeKept
        ssim += sample.ssim
        psnr += sample.psnr
        frozen += sample.frozen
        kept += sample.kept
    }

    package static func += (left: inout PictureTally, right: PictureTally) {
        left.count += right.count
        left.poor += right.poor
        left.framesKept += right.framesKept
        left.sizeKept += right.sizeKept
        left.ssim += right.ssim
        left.psnr += right.psnr
        left.frozen += right.frozen
        left.kept += right.kept
    }

    /// - Returns: `nil` without a sample.
    package func mean(_ sum: KeyPath<PictureTally, Double>) -> Double? { count > 0 ? self[keyPath: sum] / Double(count) : nil }
}
