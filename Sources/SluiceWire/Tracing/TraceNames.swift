package import SluiceTypes

/// Names the traces of segments without keeping any: whoever asks about the same segment gets the same name, so that what is sent out
/// while it is being cut, and what is told after the fact, meet in one trace.
package struct TraceNames: Sendable {
    private let seed: UInt64
    /// Of traces, 0 to 1.
    private let share: Double

    /// - Parameters:
    ///   - seed: another one in each life of a process, or traces of two lives would have one name.
    ///   - share: how many of a hundred segments, by a hundred, are traced.
    package init(seed: UInt64, share: Double) {
        self.seed = seed
        self.share = share
    }

    /// `nil` for a segment that is not traced. All its spans are, or none.
    package func trace(_ stream: StreamID, _ sequence: SegmentSequence) -> TraceID? {
        let named = Self.hash(stream.rawValue, seed) ^ UInt64(bitPattern: sequence.rawValue)
        let trace = TraceID(high: Self.mixed(named ^ seed), low: max(1, Self.mixed(named &+ 0x9E37_79B9_7F4A_7C15)))
        // 53 bits are what a Double counts with.
        return Double(trace.low >> 11) < share * Double(1 << 53) ? trace : nil
    }

    /// - Parameters:
    ///   - part: what the span tells of.
    ///   - index: which one of its kind.
    package static func span(_ part: String, _ index: Int = 0, of trace: TraceID) -> SpanID {
        SpanID(max(1, mixed(hash(part, trace.low) &+ UInt64(truncatingIfNeeded: index))))
    }

    /// Of the attempt at an orchestrator. An orchestrator that is tried twice has several; the first is the one it is told of.
    package static func attempt(_ orchestrator: OrchestratorID, _ index: Int = 0, of trace: TraceID) -> SpanID {
        span("attempt at \(orchestrator)", index, of: trace)
    }

    /// What an orchestrator is told of a segment.
    package func context(_ stream: StreamID, _ sequence: SegmentSequence, _ orchestrator: OrchestratorID) -> TraceContext? {
        trace(stream, sequence).map { TraceContext(trace: $0, span: Self.attempt(orchestrator, of: $0), isSampled: true) }
    }

    /// FNV-1a.
    private static func hash(_ text: String, _ start: UInt64) -> UInt64 {
        text.utf8.reduce(start ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// The end of SplitMix64: each bit of the argument changes half of the result's.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
