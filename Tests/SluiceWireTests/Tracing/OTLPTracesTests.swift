import Foundation
import NIOCore
import Testing

@testable import SluiceWire

/// A collector's own reading of this is in EndToEndTests/Observing.
@Suite struct OTLPTracesTests {
    private func parsed(_ traces: consuming OTLPTraces) throws -> [String: Any] {
        let body = traces.body()
        return try #require(JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any])
    }

    @Test func spansAreWrittenAsTheProtocolSays() throws {
        let trace = TraceID(high: 1, low: 0xab)
        var traces = OTLPTraces(resource: [("service.name", .text("s"))], scope: ("sluice", "1"))
        traces.append(
            Span(
                trace: trace, id: SpanID(5), parent: nil, name: "a \"b\"\\\n\u{1}\u{1f}ü", kind: .server, start: 1_700_000_000_000_000_001,
                end: 1_700_000_000_000_000_009,
                attributes: [("t", .text("x")), ("w", .whole(-7)), ("n", .number(1.5)), ("bad", .number(.nan)), ("f", .flag(true))]))
        // An end before its start would have a collector draw it backwards.
        traces.append(Span(trace: trace, id: SpanID(6), parent: SpanID(5), name: "c", start: 9, end: 3, fault: "it broke"))
        #expect(traces.count == 2)
        let whole = try parsed(traces)
        let resource = try #require((whole["resourceSpans"] as? [[String: Any]])?.first)
        let scope = try #require((resource["scopeSpans"] as? [[String: Any]])?.first)
        let spans = try #require(scope["spans"] as? [[String: Any]])
        #expect(spans.count == 2)
        #expect(spans[0]["traceId"] as? String == "000000000000000100000000000000ab" && spans[0]["spanId"] as? String == "0000000000000005")
        #expect(spans[0]["name"] as? String == "a \"b\"\\\n\u{1}\u{1f}ü" && spans[0]["kind"] as? Int == 2)
        #expect(spans[0]["startTimeUnixNano"] as? String == "1700000000000000001" && spans[0]["parentSpanId"] == nil)
        let values = try #require(spans[0]["attributes"] as? [[String: Any]]).map { $0["value"] as? [String: Any] }
        #expect(values[0]?["stringValue"] as? String == "x" && values[1]?["intValue"] as? String == "-7")
        #expect(values[2]?["doubleValue"] as? Double == 1.5 && values[3]?["doubleValue"] as? Double == 0)
        #expect(values[4]?["boolValue"] as? Bool == true)
        #expect(spans[1]["parentSpanId"] as? String == "0000000000000005" && spans[1]["endTimeUnixNano"] as? String == "9")
        #expect((spans[1]["status"] as? [String: Any])?["code"] as? Int == 2)
        #expect((spans[1]["status"] as? [String: Any])?["message"] as? String == "it broke")
    }

    @Test func aBatchWithoutSpansIsStillOne() throws {
        let traces = OTLPTraces(resource: [], scope: ("s", "0"))
        #expect(try parsed(traces)["resourceSpans"] != nil)
    }
}
