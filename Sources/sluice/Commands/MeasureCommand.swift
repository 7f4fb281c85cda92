import ArgumentParser

struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "How old the frames of a stream are when they arrive, for one viewer or hundreds.",
        discussion:
            "Reads HLS, LL-HLS (by parts) and RTMP of any server; the stream comes from 'sluice publish --stamp'. See docs/Measuring.md.")

    private static let mostViewers = 5000

    @Argument(help: "Playlists (http, https) or RTMP streams.") var urls: [String]
    @Option(help: "Viewers of each.") var viewers = 1
    @Option(help: "How long to measure, e.g. '20s'.") var duration = "10s"
    @Option(help: "How long to watch before, uncounted.") var settle = "4s"
    @Option(help: "Where the same stream has its stamps, for renditions that lost them; matched by time.") var source: String?
    @Option(help: "The server's process, for its CPU and memory.") var pid: Int32?
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        guard (1...Self.mostViewers).contains(viewers) else {
            throw ValidationError("--viewers \(viewers): 1 to \(Self.mostViewers) is right")
        }
        let measurement: Measurement
        do {
            measurement = Measurement(
                targets: try urls.map(Measurement.Target.init), source: try source.map(Measurement.Target.init), viewers: viewers,
                length: .seconds(try Seconds.option(duration, "--duration") ?? 10),
                settling: .seconds(try Seconds.option(settle, "--settle") ?? 4),
                pid: pid)
        } catch let error as any CustomStringConvertible & Error {
            throw ValidationError("\(error)")
        }
        let report = try await measurement.run()
        print(json ? try report.json : report.text)
        if report.targets.contains(where: { $0.ages == nil }) { throw ExitCode.failure }
    }
}
