import Foundation
import SluiceNetwork
import SluiceTypes
import SluiceWire

/// Many viewers of several addresses for a while.
struct Measurement: Sendable {
    enum Target: Hashable, Sendable {
        case hls(WebAddress)
        case rtmp(RTMPClientAddress)

        init(_ text: String) throws {
            self = text.lowercased().hasPrefix("rtmp:") ? .rtmp(try RTMPClientAddress(text)) : .hls(try WebAddress(text))
        }

        var name: String {
            switch self {
            case .hls(let address): "\(address)"
            case .rtmp(let address): "\(address)"
            }
        }
    }

    /// Viewers join one after another over this time; all at one instant would measure the joining.
    private static let joinTime = Duration.seconds(1)

    let targets: [Target]
    let source: Target?
    let viewers: Int
    let length: Duration
    /// Not counted: joining brings old frames.
    let settling: Duration
    let pid: Int32?

    func run() async throws -> MeasureReport {
        let stamps = source.map { _ in SourceStamps() }
        let reading = FrameReading()
        var watched: [(target: Target, tally: Tally)] = []
        for target in targets {
            guard case .hls(let address) = target else {
                watched.append((target, Tally(stamps: stamps)))
                continue
            }
            for rendition in try await HLSViewer.renditions(of: address) { watched.append((.hls(rendition), Tally(stamps: stamps))) }
        }
        let (all, viewers, length, settling, pid) = (watched, viewers, length, settling, pid)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            defer { tasks.cancelAll() }
            if let source, let stamps {
                let onFrames: @Sendable ([StampedFrame]) -> Void = { stamps.add($0) }
                tasks.addTask { await Self.watch(source, Tally(), FrameReading(), onFrames) }
            }
            for (target, tally) in all {
                for viewer in 0..<viewers {
                    tasks.addTask {
                        try? await Task.sleep(for: Self.joinTime * viewer / viewers)
                        await Self.watch(target, tally, reading, { _ in })
                    }
                }
            }
            try await Task.sleep(for: settling)
            for (_, tally) in all { tally.begin() }
            let before = try pid.map { try ProcessFigures(pid: $0) }
            let began = ContinuousClock.now
            try await Task.sleep(for: length)
            for (_, tally) in all { tally.end() }
            let seconds = (ContinuousClock.now - began).inSeconds
            let after = try pid.map { try ProcessFigures(pid: $0) }
            return MeasureReport(
                seconds: seconds, viewers: viewers,
                targets: all.map { .init(name: $0.target.name, figures: $0.tally.figures, seconds: seconds) },
                before: before, after: after)
        }
    }

    private static func watch(
        _ target: Target, _ tally: Tally, _ reading: FrameReading, _ onFrames: @escaping @Sendable ([StampedFrame]) -> Void
    ) async {
        switch target {
        case .hls(let address): await HLSViewer(address: address, tally: tally, reading: reading, onFrames: onFrames).run()
        case .rtmp(let address): await RTMPViewer(address: address, tally: tally, onFrames: onFrames).run()
        }
    }
}
