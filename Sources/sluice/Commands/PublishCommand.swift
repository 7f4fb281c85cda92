import ArgumentParser
import SluiceMedia
import SluiceNetwork
import SluiceTypes

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish a moving test picture with a tone by RTMP, in real time.",
        discussion: "With --stamp each frame carries the time it was sent, for 'sluice measure'. See docs/Measuring.md.")

    private static let mostStreams = 2000

    @Argument(help: "Where to: rtmp://host:port/live/NAME. With --streams a number is put behind the name.") var url: String
    @Flag(help: "Put the wall clock into an SEI message of each frame.") var stamp = false
    @Option(help: "Streams, from one encoding.") var streams = 1
    @Option(help: "Seconds from one key frame to the next.") var gop = 2.0
    @Option(help: "Frames per second.") var fps = 30
    @Option(help: "Width and height, e.g. 1280x720.") var size = "1280x720"
    @Option(help: "Bit rate of the picture, e.g. 2M or 800k.") var bitrate = "2M"
    @Option(help: "How long, e.g. '30s'; for ever without it.") var duration: String?
    @Flag(help: "Leave out the tone.") var silent = false

    func run() async throws {
        let publishing = StampedPublishing(
            try addresses(), settings: try settings(), isStamped: stamp,
            length: try Seconds.option(duration, "--duration").map { Int($0 * Double(fps)) })
        let outcome: StampedPublishing.Outcome
        do { outcome = try await publishing.run() } catch let error as RTMPClient.Failed { throw ValidationError("\(error)") }
        var line = "\(outcome.frames) frames to \(streams == 1 ? "1 stream" : "\(streams) streams")"
        line += ", \(outcome.leftOut) left out, the latest made \(Int(outcome.lateness.inMilliseconds)) ms late"
        if outcome.lost > 0 { line += "; \(outcome.lost) lost: \(outcome.reason ?? "no reason given")" }
        print(line)
        if outcome.lost > 0 { throw ExitCode.failure }
    }

    private func addresses() throws -> [RTMPClientAddress] {
        guard (1...Self.mostStreams).contains(streams) else {
            throw ValidationError("--streams \(streams): 1 to \(Self.mostStreams) is right")
        }
        let address: RTMPClientAddress
        do { address = try RTMPClientAddress(url) } catch { throw ValidationError("\(error)") }
        return streams == 1 ? [address] : (0..<streams).map(address.numbered)
    }

    private func settings() throws -> TestPicture.Settings {
        var settings = TestPicture.Settings()
        guard (1...240).contains(fps) else { throw ValidationError("--fps \(fps): 1 to 240 is right") }
        guard gop > 0, gop <= 60 else { throw ValidationError("--gop \(gop): up to 60 seconds is right") }
        let sides = size.split(separator: "x").compactMap { Int($0) }
        guard sides.count == 2, sides.allSatisfy({ (32...7680).contains($0) && $0 % 2 == 0 }) else {
            throw ValidationError("--size '\(size)': two even numbers as 1280x720 are right")
        }
        guard let rate = Quantity.bitRate.value(of: bitrate), (10_000...200_000_000).contains(rate) else {
            throw ValidationError("--bitrate '\(bitrate)': \(Quantity.bitRate.wish)")
        }
        settings.width = sides[0]
        settings.height = sides[1]
        settings.frameRate = fps
        settings.keyFrameInterval = max(1, Int((gop * Double(fps)).rounded()))
        settings.bitrate = Int(rate)
        settings.hasTone = !silent
        return settings
    }
}

/// A time on the command line.
enum Seconds {
    /// - Parameter text: as `30s`, `2m`, `500ms`, or seconds alone.
    static func option(_ text: String?, _ name: String) throws -> Double? {
        guard let text else { return nil }
        guard let seconds = Quantity.duration.value(of: text), seconds > 0, seconds < 1e7 else {
            throw ValidationError("\(name) '\(text)': \(Quantity.duration.wish)")
        }
        return seconds
    }
}
