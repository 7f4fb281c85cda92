/// How streams are packaged for players that stay close behind live. Checked where it is read from a file.
package struct LowLatencySettings: Sendable {
    /// Costs the memory of the window once more.
    package var isOn = true
    /// Wished-for length of a part.
    package var part: Duration = .milliseconds(200)
    /// Complete segments listed, and kept.
    package var window = 6
    /// Requests of one stream that wait for what is not there yet; each costs a few hundred bytes. One more is told to come again.
    package var mostWaiting = 10_000

    package init() {}
}
