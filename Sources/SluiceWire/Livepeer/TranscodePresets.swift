package import SluiceTypes

/// Livepeer's named profiles (specs/gateway-surface §5.2).
package enum TranscodePresets {
    package static let all: [String: TranscodeProfile] = Dictionary(
        uniqueKeysWithValues: table.map { name, width, height, rate, kilobits in
            let profile = TranscodeProfile(
                name: name, width: width, height: height, bitrate: kilobits * 1000, frameRate: Rational(rate))
            return (name, profile)
        })

    private static let table: [(String, Int, Int, Int, Int)] = [
        ("P720p60fps16x9", 1280, 720, 60, 6000),
        ("P720p30fps16x9", 1280, 720, 30, 4000),
        ("P720p25fps16x9", 1280, 720, 25, 3500),
        ("P720p30fps4x3", 960, 720, 30, 3500),
        ("P576p30fps16x9", 1024, 576, 30, 1500),
        ("P576p25fps16x9", 1024, 576, 25, 1500),
        ("P360p30fps16x9", 640, 360, 30, 1200),
        ("P360p25fps16x9", 640, 360, 25, 1000),
        ("P360p30fps4x3", 480, 360, 30, 1000),
        ("P240p30fps16x9", 426, 240, 30, 600),
        ("P240p25fps16x9", 426, 240, 25, 600),
        ("P240p30fps4x3", 320, 240, 30, 600),
        ("P144p30fps16x9", 256, 144, 30, 400),
    ]
}
