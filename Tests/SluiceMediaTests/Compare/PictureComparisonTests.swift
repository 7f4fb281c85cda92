import NIOCore
import SluiceTypes
import Testing

@testable import SluiceMedia

/// Renditions as they should be, and as those make them who cheat, beside a moving source of two seconds at 30 pictures a second.
@Suite struct PictureComparisonTests {
    private static let file = "av720p30gop2s.ts"
    private static let profile = TranscodeProfile(name: "240p", width: 426, height: 240, bitrate: 300_000)

    private func rendition(
        _ profile: TranscodeProfile = Self.profile, _ fault: PictureFault? = nil, slice: SegmentSlice? = nil
    ) throws -> ByteBuffer {
        let session = TranscodeSession(settings: .init(preset: "ultrafast", encoder: .x264, pictureFault: fault))
        var made = ByteBuffer()
        let job = SegmentJob(segment: try Fixture.segment(Self.file), profiles: [profile], slice: slice)
        try session.transcode(
            job, isCancelled: { false },
            onRendition: {
                made = $1; _ = ($0, $2)
            })
        return made
    }

    private func compare(_ rendition: ByteBuffer, _ profile: TranscodeProfile = Self.profile) throws -> PictureComparison {
        try PictureComparison.of(rendition, profile, against: try Fixture.bytes(Self.file), .mpegTS)
    }

    @Test func whatWasAskedForIsLikeTheSource() throws {
        let found = try compare(try rendition())
        #expect(found.frames == found.framesExpected && found.frames == 60)
        #expect(found.width * found.height == found.pixelsExpected)
        #expect(found.compared == PictureComparison.mostPairs)
        #expect(found.ssim > 0.85 && found.psnr > 25 && found.frozen == 0, "\(found)")
    }

    @Test(arguments: PictureFault.allCases) func otherPicturesAreNot(_ fault: PictureFault) throws {
        let found = try compare(try rendition(Self.profile, fault))
        #expect(found.frames == 60)
        switch fault {
        case .black: #expect(found.ssim < 0.35 && found.psnr < 15, "\(found)")
        case .frozen: #expect(found.frozen > 0.9, "\(found)")
        case .wrong: #expect(found.ssim < 0.5, "\(found)")
        }
    }

    @Test func fewerBitsAreSeen() throws {
        var thin = Self.profile
        thin.bitrate = 20_000
        let (usual, poor) = (try compare(try rendition()), try compare(try rendition(thin)))
        #expect(poor.ssim < usual.ssim - 0.05 && poor.psnr < usual.psnr - 2, "\(usual) \(poor)")
    }

    @Test func aRateOfItsOwnIsCounted() throws {
        var slow = Self.profile
        slow.frameRate = Rational(15)
        let found = try compare(try rendition(slow), slow)
        #expect(found.frames == 30 && found.framesExpected == 30)
        #expect(found.ssim > 0.85, "\(found)")
        // The same for one who was asked for all of them.
        #expect(try compare(try rendition(slow)).framesExpected == 60)
    }

    @Test func missingPicturesAndASmallerSizeAreFound() throws {
        let half = try compare(try rendition(slice: SegmentSlice(fromMilliseconds: 0, toMilliseconds: 1000)))
        #expect(half.framesExpected == 60 && half.frames < 35 && half.ssim > 0.85, "\(half)")
        let small = TranscodeProfile(name: "small", width: 320, height: 180, bitrate: 300_000)
        let found = try compare(try rendition(small))
        #expect(found.width == 320 && found.width * found.height < found.pixelsExpected && found.ssim > 0.85, "\(found)")
    }

    @Test func theSourceItselfIsTheSame() throws {
        let whole = TranscodeProfile(name: "source", width: 1280, height: 720, bitrate: 2_000_000)
        let found = try compare(try Fixture.bytes(Self.file), whole)
        #expect(found.ssim > 0.9999 && found.psnr == PictureComparison.bestPSNR)
    }

    @Test(arguments: ["bframes.ts", "hevc.ts", "av360p-3segments-0.ts"]) func othersCodingsToo(_ file: String) throws {
        let bytes = try Fixture.bytes(file)
        let found = try PictureComparison.of(bytes, Self.profile, against: bytes, .mpegTS)
        #expect(found.ssim > 0.999 && found.compared == PictureComparison.mostPairs, "\(found)")
    }

    @Test func whoseFaultItIsThatNothingCanBeSeen() throws {
        let noise = ByteBuffer(repeating: 0x47, count: 188 * 10)
        let problem = #expect(throws: PictureComparison.Problem.self) { try compare(noise) }
        guard case .rendition = problem else { throw MediaError("\(String(describing: problem))") }
        let silent = #expect(throws: PictureComparison.Problem.self) { try compare(try Fixture.bytes("audio-only.ts")) }
        #expect(silent?.description == "the rendition has no pictures: no video in it")
        let blind = #expect(throws: PictureComparison.Problem.self) {
            try PictureComparison.of(try rendition(), Self.profile, against: try Fixture.bytes("audio-only.ts"), .mpegTS)
        }
        #expect(blind?.description == "the source cannot be compared: no video in it")
    }

    @Test func theMeasuresAreThoseOfTheBooks() {
        let grey = LumaPlane(width: 16, height: 16) { _, _ in 100 }
        let lighter = LumaPlane(width: 16, height: 16) { _, _ in 110 }
        #expect(grey.difference(from: lighter) == 10 && grey.squaredError(from: lighter) == 100)
        #expect(abs(PictureComparison.psnr(of: 100) - 28.13) < 0.01)
        #expect(grey.similarity(to: grey) == 1)
        // Two flat pictures: (2ab + C1) / (a² + b² + C1).
        let right = (2.0 * 100 * 110 + 6.5025) / (100 * 100 + 110 * 110 + 6.5025)
        #expect(abs(grey.similarity(to: lighter) - right) < 1e-12)
        let stripes = LumaPlane(width: 16, height: 16) { column, _ in column % 2 == 0 ? 0 : 200 }
        let turned = LumaPlane(width: 16, height: 16) { column, _ in column % 2 == 0 ? 200 : 0 }
        #expect(stripes.similarity(to: turned) < -0.9)
    }
}
