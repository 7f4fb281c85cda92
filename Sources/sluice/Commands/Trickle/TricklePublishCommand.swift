import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire
import UnixSignals

struct TricklePublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Write a file, or standard input, to a trickle channel.",
        discussion: """
            MPEG-TS is cut at key frames, anything else by time. Example:
            ffmpeg -re -i in.mp4 -c copy -f mpegts - | sluice trickle publish http://127.0.0.1:3390/ai/trickle/camera-1
            """)

    @Argument(help: "The channel, e.g. http://127.0.0.1:3390/ai/trickle/camera-1.") var url: String
    @Argument(help: "The file; standard input without it, or for -.") var file: String?
    @Option(help: "Seconds of a segment.") var every = 1.0
    @Option(help: "Largest segment in bytes, for what is not MPEG-TS.") var bytes = 4 << 20
    @Flag(help: "One segment for each line, as for JSON messages.") var lines = false
    @Option(help: "MIME type of the channel, if it is made here.") var contentType = "video/MP2T"
    @Flag(help: "Ask the server to make the channel.") var create = false
    @Flag(help: "Leave the channel open at the end.") var keepOpen = false

    func validate() throws {
        guard every > 0, every <= 3600 else { throw ValidationError("--every \(every): up to 3600 seconds is right") }
        guard (1...32 << 20).contains(bytes) else { throw ValidationError("--bytes \(bytes): 1 to \(32 << 20) is right") }
    }

    func run() async throws {
        let input = try InputBytes(file)
        let cut = TrickleCutting(lines: lines, every: .seconds(every), mostBytes: bytes)
        var settings = TrickleHTTPPublisher.Settings()
        settings.contentType = contentType
        settings.creates = create
        let url = try TrickleURL(url)
        try await TrickleHTTPPublisher.writing(url, settings: settings, group: MultiThreadedEventLoopGroup.singleton) { publisher in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await SegmentSender(publisher).send(input, cut: cut) }
                group.addTask { for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return } }
                // The end of the input, or of our patience.
                let first = await group.nextResult()
                group.cancelAll()
                if !keepOpen { try? await publisher.close() }
                try first?.get()
                // A read from a terminal cannot be called off.
                if file == nil || file == "-" { Foundation.exit(0) }
            }
        }
    }
}
