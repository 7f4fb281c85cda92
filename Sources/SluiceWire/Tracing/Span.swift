/// One stretch of work in a trace, with both its ends.
package struct Span: Sendable {
    /// The raw value is OTLP's `SpanKind`.
    package enum Kind: Int, Sendable {
        case inside = 1
        case server = 2
        case client = 3
    }

    package enum Value: Hashable, Sendable {
        case text(String)
        case whole(Int64)
        case number(Double)
        case flag(Bool)
    }

    package var trace: TraceID
    package var id: SpanID
    package var parent: SpanID?
    package var name: String
    package var kind: Kind
    /// Nanoseconds since 1970.
    package var start: Int64
    /// Never before `start`.
    package var end: Int64
    package var attributes: [(String, Value)]
    /// Why it failed; `nil` where nothing is said of it.
    package var fault: String?

    package init(
        trace: TraceID, id: SpanID, parent: SpanID?, name: String, kind: Kind = .inside, start: Int64, end: Int64,
        attributes: [(String, Value)] = [], fault: String? = nil
    ) {
        self.trace = trace
        self.id = id
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = max(start, end)
        self.attributes = attributes
        self.fault = fault
    }
}
