import Foundation
package import SluiceTypes

/// A test picture in real time, made on a thread of its own.
package enum TestPictureSource {
    package enum Event: Sendable {
        case header(VideoParameters, AudioParameters?)
        case frame(TestPicture.Frame)
        /// The last event. Lateness is that of the frame that was made latest.
        case ended(MediaError?, lateness: Duration)
    }

    /// A thread that is behind by more than this goes on from now: frames in a burst would measure nothing.
    private static let mostBehind = Duration.seconds(1)

    /// - Parameter each: called on that thread; answers whether to go on.
    /// - Throws: when the system gives no thread.
    package static func start(_ settings: TestPicture.Settings, each: @escaping @Sendable (Event) -> Bool) throws(MediaError) {
        let started = startMediaThread(named: "test-picture") {
            var lateness = Duration.zero
            do throws(MediaError) {
                try run(settings, &lateness, each)
                _ = each(.ended(nil, lateness: lateness))
            } catch {
                _ = each(.ended(error, lateness: lateness))
            }
        }
        guard started else { throw MediaError("the system gives no thread for the test picture") }
    }

    private static func run(
        _ settings: TestPicture.Settings, _ lateness: inout Duration, _ each: (Event) -> Bool
    ) throws(MediaError) {
        let picture = try TestPicture(settings)
        guard each(.header(picture.video, picture.audio)) else { return }
        let clock = ContinuousClock()
        let step = Duration.seconds(1) / settings.frameRate
        var due = clock.now
        while true {
            let wait = clock.now.duration(to: due)
            if wait > .zero { Thread.sleep(forTimeInterval: wait.inSeconds) }
            guard each(.frame(try picture.next(wallClock: wallClockNanoseconds()))) else { return }
            due += step
            let behind = due.duration(to: clock.now)
            lateness = max(lateness, behind)
            if behind > mostBehind { due = clock.now }
        }
    }
}
