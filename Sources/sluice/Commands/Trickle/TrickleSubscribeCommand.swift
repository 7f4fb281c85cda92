import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire

struct TrickleSubscribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe", abstract: "Read a trickle channel to standard output or a file.",
        discussion: "Example: sluice trickle subscribe http://127.0.0.1:3390/ai/trickle/camera-1 | ffplay -")

    @Argument(help: "The channel, e.g. http://127.0.0.1:3390/ai/trickle/camera-1.") var url: String
    @Option(help: "Where to begin: newest (the segment being written, from its first byte), next, or a number.") var from = "newest"
    @Option(name: .shortAndLong, help: "The file; standard output without it.") var output: String?
    @Option(help: "Stop after so many segments.") var segments: Int?
    @Flag(help: "A line end after every segment, as for JSON messages.") var lines = false

    func run() async throws {
        var settings = TrickleHTTPSubscriber.Settings()
        switch from {
        case "newest": settings.start = .newest
        case "next": settings.start = .next
        default:
            guard let index = TrickleIndex(from) else { throw ValidationError("--from '\(from)': newest, next or a number is right") }
            settings.start = index
        }
        let output = try OutputBytes(output)
        let url = try TrickleURL(url)
        try await TrickleHTTPSubscriber.reading(url, settings: settings, group: MultiThreadedEventLoopGroup.singleton) { subscriber in
            var count = 0
            while count < segments ?? .max, let segment = try await subscriber.next() {
                count += 1
                if segment.skipped > 0 { note("\(segment.skipped) segments skipped before \(segment.sequence): the reader was too slow") }
                do {
                    while let piece = try await segment.next() { try await output.write(piece) }
                } catch let failure as TrickleFailure { note("segment \(segment.sequence): \(failure)") }
                if lines { try await output.write(ByteBuffer(string: "\n")) }
            }
        }
    }
}
