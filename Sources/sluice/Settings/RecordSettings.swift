/// What a gateway writes down of its routing.
struct RecordSettings: Hashable {
    /// A trace that `sluice simulate` replays.
    var trace: String?
    /// Bytes.
    var largestTrace: Int
    var decisionLog: String?
    var largestDecisionLog: Int
    var decisionLogStart: Switch

    /// ## Configuration keys
    /// - `record` (path ending in .jsonl or .trace, default none) and `recordMegabytes` (int, default 1024, 1…1000000): the recording
    ///   ends there.
    /// - `decisionLog` (path, default none), `decisionLogMegabytes` (int, default 100, 1…100000): a full one is kept as FILE.1, and the
    ///   one before it is gone; `decisionLogStart` (on | off, default on): `POST /routing/log` changes it.
    init(_ reader: inout SettingsReader) throws {
        trace = reader.text("record")
        if let trace, !ScenarioSource.traceExtensions.contains(where: { trace.hasSuffix(".\($0)") }) {
            throw SettingsError(
                key: "record", value: trace, source: reader.source(of: "record"),
                wish: "a name that ends in .jsonl or .trace is right, so that sluice simulate knows it")
        }
        largestTrace = try reader.int("recordMegabytes", default: 1024, in: 1...1_000_000) << 20
        decisionLog = reader.text("decisionLog")
        largestDecisionLog = try reader.int("decisionLogMegabytes", default: 100, in: 1...100_000) << 20
        decisionLogStart = try reader.choice("decisionLogStart", default: .on)
    }
}
