package import NIOCore

/// Spans as OTLP/HTTP takes them in JSON (OpenTelemetry Protocol 1.x, `ExportTraceServiceRequest`): names in lower camel case, trace and span
/// in hexadecimal, 64-bit numbers as text, enumerations as numbers.
///
/// Written by hand, as there are a thousand spans a second to write at a hundred streams.
package struct OTLPTraces {
    private var bytes = ByteBuffer()
    private let closing = "]}]}]}"
    private(set) package var count = 0

    /// - Parameters:
    ///   - resource: who tells: `service.name` and the like.
    ///   - scope: which part of it, and its version.
    package init(resource: [(String, Span.Value)], scope: (name: String, version: String)) {
        bytes.writeString(#"{"resourceSpans":[{"resource":{"attributes":"#)
        write(resource)
        bytes.writeString(#"},"scopeSpans":[{"scope":{"name":"#)
        write(text: scope.name)
        bytes.writeString(#","version":"#)
        write(text: scope.version)
        bytes.writeString(#"},"spans":["#)
    }

    package mutating func append(_ span: Span) {
        if count > 0 { bytes.writeString(",") }
        count += 1
        bytes.writeString("{\"traceId\":\"\(span.trace)\",\"spanId\":\"\(span.id)\"")
        if let parent = span.parent { bytes.writeString(",\"parentSpanId\":\"\(parent)\"") }
        bytes.writeString(",\"name\":")
        write(text: span.name)
        bytes.writeString(
            ",\"kind\":\(span.kind.rawValue),\"startTimeUnixNano\":\"\(span.start)\",\"endTimeUnixNano\":\"\(span.end)\",\"attributes\":")
        write(span.attributes)
        if let fault = span.fault {
            bytes.writeString(",\"status\":{\"code\":2,\"message\":")
            write(text: fault)
            bytes.writeString("}")
        }
        bytes.writeString("}")
    }

    /// What is to be sent.
    package consuming func body() -> ByteBuffer {
        bytes.writeString(closing)
        return bytes
    }

    private mutating func write(_ attributes: [(String, Span.Value)]) {
        bytes.writeString("[")
        for (index, (key, value)) in attributes.enumerated() {
            bytes.writeString(index == 0 ? "{\"key\":" : ",{\"key\":")
            write(text: key)
            switch value {
            case .text(let text):
                bytes.writeString(",\"value\":{\"stringValue\":")
                write(text: text)
            case .whole(let number): bytes.writeString(",\"value\":{\"intValue\":\"\(number)\"")
            case .number(let number): bytes.writeString(",\"value\":{\"doubleValue\":\(number.isFinite ? number : 0)")
            case .flag(let flag): bytes.writeString(",\"value\":{\"boolValue\":\(flag)")
            }
            bytes.writeString("}}")
        }
        bytes.writeString("]")
    }

    private mutating func write(text: String) {
        bytes.writeString("\"")
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            bytes.writeString(text)
        } else {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""): bytes.writeString("\\\"")
                case UInt8(ascii: "\\"): bytes.writeString("\\\\")
                case 0x0A: bytes.writeString("\\n")
                case 0..<0x10: bytes.writeString("\\u000" + String(byte, radix: 16))
                case 0x10..<0x20: bytes.writeString("\\u00" + String(byte, radix: 16))
                default: bytes.writeInteger(byte)
                }
            }
        }
        bytes.writeString("\"")
    }
}
